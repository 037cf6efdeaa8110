"""Tests of reading.service.room: who is let in, and when."""
import asyncio

import pytest

from reading.service.room import Room


async def settle(turns=20):
    """Let all tasks go on until they wait, or for so many turns of the loop."""
    for _ in range(turns):
        await asyncio.sleep(0)


class Visitors:
    """Tasks that take room, each until it is told to leave."""

    def __init__(self, num_bytes):
        self.inside = []   # names, in the order in which they were let in
        self._room, self._tasks, self._leaving = Room(num_bytes), {}, {}

    async def comes(self, name, num_bytes):
        self._leaving[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._visit(name, num_bytes))
        await settle()

    async def leaves(self, name, turns=20):
        self._leaving[name].set()
        await settle(turns)

    async def gives_up(self, name):
        self._tasks[name].cancel()
        await settle()
        assert self._tasks[name].cancelled()

    async def _visit(self, name, num_bytes):
        async with self._room.taken(num_bytes):
            self.inside.append(name)
            await self._leaving[name].wait()


def test_who_needs_much_room_is_let_in_before_those_who_come_later_and_need_little():
    async def visits():
        visitors = Visitors(10)
        for name, num_bytes in (('first', 6), ('large', 8), ('small', 2), ('other', 2)):
            await visitors.comes(name, num_bytes)
        assert visitors.inside == ['first']
        await visitors.leaves('first')
        assert visitors.inside == ['first', 'large', 'small']
        await visitors.leaves('small')
        assert visitors.inside == ['first', 'large', 'small', 'other']

    asyncio.run(visits())


def test_who_gives_up_waiting_lets_those_behind_in():
    async def visits():
        visitors = Visitors(10)
        for name, num_bytes in (('first', 6), ('large', 8), ('small', 2)):
            await visitors.comes(name, num_bytes)
        await visitors.gives_up('large')
        assert visitors.inside == ['first', 'small']

    asyncio.run(visits())


@pytest.mark.parametrize('turns', range(6))
def test_the_room_of_those_who_give_up_comes_back_whenever_they_do(turns):
    """Before their turn comes, between that and their going in, or inside."""
    async def visits():
        visitors = Visitors(10)
        await visitors.comes('first', 10)
        await visitors.comes('second', 10)
        await visitors.leaves('first', turns)
        await visitors.gives_up('second')
        await visitors.comes('last', 10)
        await visitors.comes('one too many', 1)
        assert visitors.inside in (['first', 'last'], ['first', 'second', 'last'])
        assert ('second' in visitors.inside) or turns < 5

    asyncio.run(visits())


def test_who_needs_more_than_there_is_gets_all_of_it():
    async def visits():
        visitors = Visitors(10)
        await visitors.comes('large', 11)
        await visitors.comes('small', 1)
        assert visitors.inside == ['large']

    asyncio.run(visits())
