#!/usr/bin/env python3
"""Load a service on this machine: speed by the number of clients, memory, hostile requests, SIGKILL.

    python benchmarks/service_load.py --parts clients memory hostile kill

The service and its clients share the processor. Prints a JSON object for each part; the exit status is 1
where something is wrong: a wrong text, an answer that never came, a status from 500 on but 503, a traceback.
"""
import argparse
import asyncio
import collections
import json
import pathlib
import signal
import statistics
import sys
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import service_client
from hostile_requests import hostile_requests

from reading.export import words

PARTS = ('clients', 'memory', 'hostile', 'kill')
NUM_WORDS = 64
RESIDENT = 'process_resident_memory_bytes'
MAX_TRIES = 1000   # of a good request that the service has no time for
KILLS = 3


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=PARTS)
    parser.add_argument('--clients', nargs='+', type=int, default=[1, 2, 8, 64])
    parser.add_argument('--rounds', type=int, default=3, help='of each number of clients, in turn')
    parser.add_argument('--seconds', type=float, default=10, help='of a round')
    parser.add_argument('--requests', type=int, default=100_000, help='of the part memory')
    parser.add_argument('--memory_seconds', type=float, default=3600,
                        help='that the part memory takes at most')
    parser.add_argument('--hostile', type=int, default=2000, help='requests of the part hostile')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--flags', default='--weights_path bundled', help='of serve_shadownet.py')
    return parser.parse_args(argv)


class Round(NamedTuple):
    """So many clients for some seconds."""

    rate: float                # images a second
    times: list[float]         # seconds that each answer took
    processor_seconds: float   # that the service and its decoders took


class Load:
    """Good requests whose right answers are known, and what was wrong with those that came."""

    def __init__(self, contents):
        """Take image files."""
        self.contents, self._texts, self.wrong = contents, [None] * len(contents), []

    async def learn(self, port):
        """Ask for each text once, alone."""
        client = service_client.Client(port)
        for index, content in enumerate(self.contents):
            self._texts[index] = (await client.ask('POST', '/service', content)).content['text']

    async def ask(self, client, number):
        """Ask for a word until it is answered; returns the Answer and how often the service had no time."""
        index = number % len(self.contents)
        for tries in range(MAX_TRIES):   # noqa: B007
            answer = await client.ask('POST', '/service', self.contents[index])
            if answer.status != 503:
                break
            await asyncio.sleep(0.1)
        if answer.status != 200 or answer.content['text'] != self._texts[index]:
            self.wrong.append(f'word {index}: {answer}')
        return answer, tries

    async def for_seconds(self, port, num_clients, seconds):
        """Return the times that answers took when so many clients ask, each as soon as it is answered."""
        end, times = time.perf_counter() + seconds, []

        async def ask_on(number):
            client = service_client.Client(port)
            while time.perf_counter() < end:
                times.append((await self.ask(client, number))[0].seconds)
                number += num_clients
            client.close()

        await asyncio.gather(*map(ask_on, range(num_clients)))
        return times


async def by_clients(args, load):
    """Measure the speed for each number of clients, in rounds."""
    service = await started(args, load)
    rounds = collections.defaultdict(list)
    for _ in range(args.rounds):
        for num_clients in args.clients:
            begin, used = time.perf_counter(), service.processor_seconds()
            times = await load.for_seconds(service.port, num_clients, args.seconds)
            rounds[num_clients].append(Round(len(times) / (time.perf_counter() - begin), times,
                                             service.processor_seconds() - used))
    service.end(signal.SIGTERM)
    return {num_clients: summary(of_clients) for num_clients, of_clients in rounds.items()}


def summary(rounds):
    """Return the figures of the rounds of one number of clients."""
    times = [seconds for one in rounds for seconds in one.times]
    return {'images_a_second': statistics.median(one.rate for one in rounds),
            'p50_ms': 1e3 * statistics.median(times), 'p99_ms': 1e3 * statistics.quantiles(times, n=100)[98],
            'processor_ms_an_image': 1e3 * sum(one.processor_seconds for one in rounds) / len(times),
            'rounds': [round(one.rate, 1) for one in rounds]}


async def memory(args, load):
    """Measure the memory after 1,000 requests and on, with 8 clients."""
    service = await started(args, load)
    resident, done = {}, 0
    end = time.monotonic() + args.memory_seconds
    clients = [service_client.Client(service.port) for _ in range(8)]
    while done < args.requests and time.monotonic() < end:
        await asyncio.gather(*(ask_some(load, client, number, 125) for number, client in enumerate(clients)))
        done += 1000
        if done in (1000, 10_000) or done % 20_000 == 0:
            resident[done] = await service.figure(RESIDENT)
    resident[done] = await service.figure(RESIDENT)
    service.end(signal.SIGTERM)
    return {'requests': done,
            'megabytes': {count: round(figure / 1e6, 1) for count, figure in resident.items()},
            'last_to_1000': resident[done] / resident[1000]}


async def ask_some(load, client, number, count):
    """Ask for so many words."""
    for place in range(count):
        await load.ask(client, number + 8 * place)


async def hostile(args, load):
    """Send hostile requests from 4 connections beside 4 good clients."""
    service = await started(args, load)
    before = await service.figure(RESIDENT)
    requests, statuses = iter([*hostile_requests(load.contents, args.hostile,
                                                 args.seed)]), collections.Counter()
    good = []
    is_over = asyncio.Event()

    async def attack():
        for request in requests:
            client = service_client.Client(service.port)
            answer = await client.send(request)
            client.close()
            statuses[answer.status] += 1
            if answer.status and answer.status >= 500 and answer.status != 503:
                load.wrong.append(f'{request[:100]!r}: {answer}')

    async def ask_on(number):
        client = service_client.Client(service.port)
        while not is_over.is_set():
            good.append(await load.ask(client, number))
            number += 4

    asking = [asyncio.create_task(ask_on(number)) for number in range(4)]
    await asyncio.gather(*(attack() for _ in range(4)))
    is_over.set()
    await asyncio.gather(*asking)
    restarts = await service.figure('crnn_decoder_restarts')
    after = await service.figure(RESIDENT)
    if service.end(signal.SIGTERM) != 0:
        load.wrong.append('the service did not end with 0')
    load.wrong += [f'the log has {line}' for line in service.log() if line['level'] == 'error'
                   and line.get('status') != 503]
    return {'hostile_answers': {str(status): count for status, count in sorted(statuses.items(), key=str)},
            'good_answers': len(good), 'good_tries_that_met_503': sum(tries for _, tries in good),
            'good_p99_ms': 1e3 * statistics.quantiles([answer.seconds for answer, _ in good], n=100)[98],
            'decoder_restarts': restarts, 'megabytes': [round(figure / 1e6, 1) for figure in (before, after)]}


async def kill(args, load):
    """SIGKILL the service under load and start it again; clients that ask again have lost nothing."""
    lost, starts = 0, []
    for _ in range(KILLS):
        service = await started(args, load)
        starts.append(service.start_seconds)
        loading = asyncio.create_task(broken_off(load, service.port))
        await asyncio.sleep(2)
        service.end(signal.SIGKILL)
        lost += await loading
    service = await started(args, load)
    await load.for_seconds(service.port, 8, 2)
    if service.end(signal.SIGTERM) != 0:
        load.wrong.append('the service did not end with 0')
    return {'kills': KILLS, 'requests_broken_off': lost, 'seconds_to_start': starts}


async def broken_off(load, port):
    """Ask with 8 clients until the service has gone; returns how many requests had no answer, at most one a
    client.
    """
    async def ask_on(number):
        client = service_client.Client(port)
        while (await client.ask('POST', '/service',
                                load.contents[number % len(load.contents)])).status is not None:
            number += 8
        return 1

    return sum(await asyncio.gather(*map(ask_on, range(8))))


async def started(args, load):
    """Return a service that is ready, and whose answers to each word alone are known."""
    service = service_client.Service(args.flags.split())
    await service.wait()
    await load.learn(service.port)
    return service


def main(argv=None):
    """Run the parts; returns the exit status."""
    args = parse_args(argv)
    load = Load([word.content for word in words.draw(NUM_WORDS)])
    parts = {'clients': by_clients, 'memory': memory, 'hostile': hostile, 'kill': kill}
    for name in args.parts:
        print(json.dumps({'part': name, **asyncio.run(parts[name](args, load))}), flush=True)
    for wrong in load.wrong[:20]:
        print(wrong, file=sys.stderr)
    return 1 if load.wrong else 0


if __name__ == '__main__':
    sys.exit(main())
