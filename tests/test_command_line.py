"""Tests of local_utils.command_line, with every script."""
import errno
import importlib
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from local_utils import command_line, files, startup
from local_utils.errors import InputError, MissingInput, UnknownCharacter, WrongArgument
from tests.small_run import error_lines

TOOLS = sorted(pathlib.Path(files.repository_path('tools')).glob('*.py'))
PLATFORM = ['--work_dir=/data', '--data_dir=/d', '--output_dir=/o', '--log_dir=/l', '--num_gpus=2',
            '--max_step=7']


def test_the_platforms_flags_are_accepted_by_every_script():
    args = command_line.ToolParser().parse_args(PLATFORM)
    assert (args.data_dir, args.output_dir, args.log_dir) == ('/d', '/o', '/l')
    assert (args.num_gpus, args.max_step) == (2, 7)


def test_a_wrong_argument_is_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.ToolParser(prog='tool').parse_args(['--num_gpus', 'many'])
    assert caught.value.code == 2
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith('tool: error: argument --num_gpus: expected a whole number')


def test_the_help_shows_the_defaults_that_there_are():
    parser = command_line.ToolParser()
    parser.add_argument('--seed', default=0, help='decides')
    parser.add_argument('--overwrite', action='store_true', help='remove')
    parser.add_argument('--words', help='a list')
    lines = [line.strip() for line in parser.format_help().splitlines()]
    assert any(line.endswith('decides (default: 0)') for line in lines)
    assert any(line.endswith('remove') for line in lines)
    assert any(line.endswith('a list') for line in lines)


def test_without_flags_the_folders_are_the_platforms():
    args = command_line.ToolParser().parse_args([])
    assert (args.data_dir, args.output_dir) == ('/data/data', '/data/output')


@pytest.mark.parametrize(('argument', 'hint'), [
    ('--data_dri=x', 'did you mean --data_dir?'), ('--xyzzy', 'unknown argument --xyzzy'),
    ('--max_step=no', "at least 1, got 'no'"), ('--num_gpus=-1', 'at least 0'),
    ('--max_step=2147483648', "at most 2147483647, got '2147483648'"), ('--max_step=1e400', "got '1e400'"),
    (f'--max_step={"9" * 5000}', 'at least 1')])
def test_a_wrong_argument_ends_with_status_two_and_a_hint(argument, hint, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.ToolParser().parse_args([argument])
    assert caught.value.code == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize('arguments', [
    ['--save_dir', ''], ['--save_dir='], ['--paths', 'a', ''], ['--set', '']])
def test_an_empty_value_is_refused_not_taken_for_the_default(arguments, capsys):
    parser = command_line.ToolParser(prog='tool')
    parser.add_argument('--save_dir')
    parser.add_argument('--paths', nargs='+')
    parser.add_argument('--set', action='extend', nargs='+')
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(arguments)
    assert caught.value.code == 2
    line, = capsys.readouterr().err.splitlines()
    flag = arguments[0].rstrip('=')
    assert line.startswith(f'tool: error: argument {flag}: expected a value, got an empty one; is a variable')


@pytest.mark.parametrize('path', TOOLS, ids=lambda path: path.stem)
def test_every_script_refuses_an_empty_folder_name(path, capsys):
    parse_args = getattr(importlib.import_module(f'tools.{path.stem}'), 'parse_args', None)
    if parse_args is None:
        pytest.skip('no script')
    with pytest.raises(SystemExit) as caught:
        parse_args(['--', ''] if path.stem == 'start_local_cluster' else ['--output_dir', ''])
    assert caught.value.code == 2
    line, = capsys.readouterr().err.splitlines()
    assert 'expected a value, got an empty one' in line or 'are required' in line


def test_a_misspelled_flag_is_named_before_what_is_missing(capsys):
    parser = command_line.ToolParser()
    parser.add_argument('--image_path', required=True)
    with pytest.raises(SystemExit):
        parser.parse_args(['--image_pth', 'x'])
    assert 'unknown argument --image_pth; did you mean --image_path?' in capsys.readouterr().err


@pytest.mark.parametrize(('error', 'line'), [
    (InputError('expected a,\n  got b'), 'expected a, got b'),
    (UnknownCharacter("character 'X' is not in the alphabet"), "character 'X' is not in the alphabet"),
    (FileNotFoundError(errno.ENOENT, 'No such file', 'a.txt'), 'a.txt: No such file'),
    (MissingInput('a.txt: no such data set'), 'a.txt: no such data set'),
    (ImportError('a.so: failed to map segment from shared object'),
     'memory ran out: a.so: failed to map segment from shared object; expected more of it, or less at once'),
    (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
     "the system lacks something: No usable temporary directory found in ['/tmp']"),
])
def test_a_mistake_of_the_users_is_one_line_and_status_one(error, line, capfd):
    def main(argv):
        raise error
    assert command_line.message_of(error) == line
    assert command_line.run_tool(main, []) == 1
    output, errors = capfd.readouterr()
    assert output == ''
    logged, = errors.splitlines()
    assert logged.endswith(f'ERROR {line}')


def test_a_wrong_argument_that_the_work_finds_is_one_line_and_status_two(capfd):
    def main(argv):
        raise WrongArgument('--set: no such knob')
    assert command_line.run_tool(main, []) == 2
    line, = capfd.readouterr().err.splitlines()
    assert line.endswith('ERROR --set: no such knob')


@pytest.mark.parametrize(('script', 'flags', 'message'), [
    ('generate_text_images', ['--preview', 'sheet.txt'], 'sheet.txt: expected a name that ends in .png'),
    ('test_shadownet', ['--image_path', __file__, '--picture_path', 'a.txt'], 'a.txt: expected a name'),
    ('evaluate_shadownet', ['--report_path', 'a.txt'], 'a.txt: expected a name that ends in .html'),
    ('evaluate_shadownet', ['--results_path', 'a.txt'], 'a.txt: expected a name that ends in .tsv'),
    ('evaluate_shadownet', ['--confusion_path', 'a.txt'], 'a.txt: expected a name that ends in'),
    ('plot_training', ['--picture_path', 'a.txt'], 'a.txt: expected a name that ends in'),
    ('export_shadownet', ['--save_path', 'a.pb'], 'a.pb: expected a name that ends in .onnx'),
    ('write_text_features', ['--dataset_dir', '.', '--save_dir', '../{}'], 'the folder of the data set'),
])
def test_what_the_command_line_alone_shows_to_be_wrong_is_status_two(script, flags, message, tmp_path, capfd,
                                                                     monkeypatch):
    monkeypatch.chdir(tmp_path)
    main = importlib.import_module(f'tools.{script}').main
    assert command_line.run_tool(main, [flag.format(tmp_path.name) for flag in flags]) == 2
    line, = error_lines(capfd)
    assert message in line


@pytest.mark.parametrize(('script', 'flags', 'knob', 'other'), [
    ('train_shadownet', [], 'TRAIN.BATCH_SIZE', 'TEST.BATCH_SIZE'),
    ('evaluate_shadownet', [], 'TEST.BATCH_SIZE', 'ARCH.HIDDEN_UNITS'),
    ('test_shadownet', ['--image_path', 'x.png'], 'TEST.BATCH_SIZE', 'TRAIN.STEPS'),
    ('write_text_features', [], 'DATA.SEED', 'TRAIN.SEED'),
    ('generate_text_images', [], 'ARCH.INPUT_SIZE', 'ARCH.HIDDEN_UNITS')])
@pytest.mark.parametrize(('assignment', 'message'), [
    ('TRAIN.BATCHSIZE=9', 'did you mean TRAIN.BATCH_SIZE?'), ('{knob}=many', 'expected '),
    ('{knob}', 'expected SECTION.KEY=VALUE'), ('{other}=1', 'this script does not read {other}; expected ')])
def test_a_knob_that_is_not_known_or_not_read_or_a_malformed_value_is_a_wrong_argument(
        script, flags, knob, other, assignment, message, capfd):
    assignment, message = assignment.format(knob=knob, other=other), message.format(other=other)
    main = importlib.import_module(f'tools.{script}').main
    assert command_line.run_tool(main, [*flags, '--set', assignment]) == 2
    line, = capfd.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(('script', 'flags'), [
    ('test_shadownet', ['--image_path', 'x.png']), ('evaluate_shadownet', [])])
def test_a_closed_standard_output_is_one_line_and_status_one(script, flags, capfd, monkeypatch):
    main = importlib.import_module(f'tools.{script}').main
    monkeypatch.setattr(sys, 'stdout', None)   # as Python starts with a closed one
    assert command_line.run_tool(main, flags) == 1
    line, = capfd.readouterr().err.splitlines()
    assert 'standard output is closed' in line


def test_a_termination_is_one_line_and_the_status_of_a_shell(capfd):
    def main(argv):
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as caught:
        command_line.run_tool(main)
    assert caught.value.code == 143
    line, = capfd.readouterr().err.splitlines()
    assert line.endswith('ERROR ended by SIGTERM')


@pytest.mark.parametrize('defect', [
    TypeError('a defect'), ImportError('of ours'), ValueError('ours'), KeyError('ours'),
    RecursionError('ours'), OverflowError('ours'),
    RuntimeError('ours'), OSError(errno.EBADF, 'of a file that we closed')])
def test_a_defect_keeps_its_traceback(defect):
    def main(argv):
        raise defect
    with pytest.raises(type(defect)):
        command_line.run_tool(main, [])


@pytest.mark.parametrize('failure', [ImportError, SystemError, InputError])
def test_an_interrupt_that_an_import_makes_another_error_is_one_line(failure, capfd):
    def main(argv):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as interrupt:
            raise failure('initialization failed') from interrupt

    assert command_line.run_tool(main, []) == 130
    line, = capfd.readouterr().err.splitlines()
    assert line.endswith('ERROR interrupted')


@pytest.mark.parametrize(('error', 'line'), [
    (MemoryError(), 'memory ran out; expected more of it, or less at once'),
    (MemoryError('Unable to allocate 12.8 GiB'),
     'memory ran out: Unable to allocate 12.8 GiB; expected more'),
    (RuntimeError("can't start new thread"),
     'the system refuses another thread; expected a larger limit (ulimit -u)'),
    (OSError(errno.EMFILE, 'Too many open files'), 'the system lacks something: Too many open files'),
    (BlockingIOError(errno.EAGAIN, 'Try again'), 'something: Try again'),
    (OSError(errno.ENOSPC, 'No space left'), 'the system lacks something: No space left')])
def test_what_the_system_lacks_is_one_line_and_status_one(error, line, capfd):
    def main(argv):
        raise error
    assert command_line.run_tool(main, []) == 1
    logged, = capfd.readouterr().err.splitlines()
    assert f'ERROR {line}' in logged or line in logged


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='writes to a device that is always full')
def test_a_full_disk_behind_standard_output_is_one_line(tmp_path):
    code = ('from local_utils import command_line\n'
            'def main(argv): command_line.print_result("result", command_line.standard_output())\n'
            'import sys; sys.exit(command_line.run_tool(main, []))')
    with open('/dev/full', 'w') as full:
        result = subprocess.run([sys.executable, '-c', code], cwd=files.repository_path(), stdout=full,
                                stderr=subprocess.PIPE, text=True, check=False)
    line, *after = result.stderr.splitlines()
    assert line.endswith('ERROR standard output: No space left on device')
    assert not any('Traceback' in other for other in after)


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere the memory of a process has other limits')
def test_a_real_thread_that_is_refused_is_known_by_its_message():
    code = ('import os, resource, threading\n'
            'resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\n'
            'try:\n'
            '    for _ in range(1000): threading.Thread(target=threading.Event().wait, daemon=True).start()\n'
            'except RuntimeError as error: print(error, flush=True)\n'
            'os._exit(0)')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == startup.NO_THREAD


@pytest.mark.parametrize(('returned', 'status'), [(None, 0), (0, 0), (1, 1)])
def test_the_exit_status_is_what_main_returns(returned, status):
    assert command_line.run_tool(lambda argv: returned, []) == status


SCRIPTS = [path for path in TOOLS if path.read_text(encoding='utf-8').startswith('#!')]


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.stem)
def test_each_script_runs_from_any_folder_and_shows_its_defaults(path, tmp_path):
    assert os.access(path, os.X_OK)
    command = [sys.executable, path, '--help']
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    if path.stem != 'start_local_cluster':   # no job of the platform; its flags go to those that it starts
        assert '--data_dir' in result.stdout
        assert '(default: /data/data)' in ' '.join(result.stdout.split())
