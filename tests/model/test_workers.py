"""The pool hands workers out in order, replaces the dead, leaves nobody waiting. Its workers are made up."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from model import pool as module
from model.pool import Pool
from model.sampling import Sampling
from model.workers import Job, WorkerError
from tests.model.takes import until

JOB = Job(np.array([1, 2]), None, Sampling(), 4, 0)


def never() -> bool:
    return False


class Worker:
    """Does what the test says; counts who is alive."""

    made: list["Worker"]
    play = staticmethod(lambda worker, job, stopped: ([7], True))

    def __init__(self, folder) -> None:
        self.alive, self.process, self.bytes = True, self, 0
        self.made.append(self)

    def run(self, job, stopped, heard):
        return self.play(self, job, stopped)

    def terminate(self) -> None:
        self.alive = False

    end = terminate


@pytest.fixture(autouse=True)
def made(monkeypatch) -> list[Worker]:
    made: list[Worker] = []
    fake = type("Fake", (Worker,), {"made": made})
    monkeypatch.setattr(module, "Worker", fake)
    return made


def test_nothing_starts_before_the_first_job(made, tmp_path):
    pool = Pool(tmp_path, 2)
    assert not made
    assert pool.run(JOB, never, print) == ([7], True) and len(made) == 2
    pool.close()
    assert not any(worker.alive for worker in made)


def test_workers_are_counted(tmp_path):
    for count in (0, -1):
        with pytest.raises(ValueError, match=f"There is at least 1 worker; received {count}."):
            Pool(tmp_path, count)


def test_jobs_get_workers_in_order_of_arrival(made, tmp_path, monkeypatch):
    gate, order, threads = threading.Event(), [], []

    def play(worker, job, stopped):
        order.append(job.seed)
        gate.wait(10)
        return [job.seed], True

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool = Pool(tmp_path, 1)
    for seed in range(6):
        job = replace(JOB, seed=seed)
        threads.append(threading.Thread(target=pool.run, args=(job, never, print)))
        threads[-1].start()
        time.sleep(0.15)        # long enough to be in the queue, and to have looked around more than once
    assert order == [0]
    gate.set()
    for thread in threads:
        thread.join(10)
    assert order == list(range(6))


def test_a_dead_worker_is_replaced_and_its_job_done(made, tmp_path, monkeypatch):
    def play(worker, job, stopped):
        if worker is made[0]:
            raise EOFError
        return [worker.made.index(worker)], True

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool = Pool(tmp_path, 1)
    assert pool.run(JOB, never, print) == ([1], True)
    assert not made[0].alive and made[1].alive and len(made) == 2
    assert pool.run(JOB, never, print) == ([1], True), "the new worker stays"


def test_a_job_that_kills_two_workers_is_given_up_but_not_the_pool(made, tmp_path, monkeypatch):
    def play(worker, job, stopped):
        if job.seed == 13:
            raise BrokenPipeError
        return [1], True

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool = Pool(tmp_path, 2)
    with pytest.raises(WorkerError, match="stopped unexpectedly twice"):
        pool.run(replace(JOB, seed=13), never, print)
    assert sum(worker.alive for worker in made) == 2
    for _ in range(4):
        assert pool.run(JOB, never, print) == ([1], True)


def test_a_failure_that_is_told_is_not_tried_again(made, tmp_path, monkeypatch):
    def play(worker, job, stopped):
        raise WorkerError("No.")

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool = Pool(tmp_path, 1)
    with pytest.raises(WorkerError, match=r"^No\.$"):
        pool.run(JOB, never, print)
    assert len(made) == 1 and made[0].alive
    monkeypatch.setattr(Worker, "play", staticmethod(lambda worker, job, stopped: ([1], True)))
    assert pool.run(JOB, never, print) == ([1], True), "the worker was given back"


def test_who_waits_can_be_stopped(made, tmp_path, monkeypatch):
    gate, stop, results = threading.Event(), threading.Event(), []

    def play(worker, job, stopped):
        return gate.wait(10) and ([1], True)

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool = Pool(tmp_path, 1)
    busy = threading.Thread(target=lambda: results.append(pool.run(JOB, never, print)))
    busy.start()
    waiting = threading.Thread(target=lambda: results.append(pool.run(JOB, stop.is_set, print)))
    waiting.start()
    time.sleep(0.1)
    stop.set()
    waiting.join(1)
    assert results == [None]
    gate.set()
    busy.join(1)
    assert results == [None, ([1], True)]
    assert pool.run(JOB, never, print) == ([1], True), "nobody who left holds up the queue"


def test_closing_ends_who_waits_and_who_plays(made, tmp_path, monkeypatch):
    def play(worker, job, stopped):
        while worker.alive:
            time.sleep(0.01)
        raise EOFError

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool, failures = Pool(tmp_path, 1), []

    def run() -> None:
        try:
            pool.run(JOB, never, print)
        except WorkerError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    pool.close()
    for thread in threads:
        thread.join(2)
    assert failures == ["The generator was closed before the take was done."] * 3
    assert len(made) == 1 and not made[0].alive, "no worker is started after the end"
    with pytest.raises(WorkerError, match=r"^The generator is closed\.$"):
        pool.run(JOB, never, print)
    pool.close()


# Fairness and bounds

def test_parties_take_turns(made, tmp_path, monkeypatch):
    gate, order = threading.Event(), []

    def play(worker, job, stopped):
        order.append(job.seed)
        gate.wait(10)
        return [job.seed], True

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool, threads = Pool(tmp_path, 1), []

    def ask(seed: int, party: str) -> None:
        how = (replace(JOB, seed=seed), never, print, party)
        threads.append(threading.Thread(target=pool.run, args=how))
        threads[-1].start()
        assert until(lambda: len(order) + len(pool._line) == len(threads))

    for seed in range(4):
        ask(seed, "many")
    ask(10, "one")
    assert pool.place("many").number == 1 and pool.place("one").number == 2
    assert pool.place("one").seconds is None, "nothing was finished yet"
    assert pool.place("nobody") is None
    gate.set()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 10, 2, 3], "the first played when nobody else was there"


def test_a_wait_is_told_from_how_long_others_took(made, tmp_path, monkeypatch):
    gates = [threading.Event(), threading.Event()]
    monkeypatch.setattr(Worker, "play", staticmethod(
        lambda worker, job, stopped: gates[job.seed].wait(10) and ([1], True)))
    pool = Pool(tmp_path, 1)
    gates[0].set()
    pool.run(JOB, never, print)
    pool._pace = 2.0
    threads = [threading.Thread(target=pool.run, args=(replace(JOB, seed=1), never, print, party))
               for party in ("first", "second", "third")]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    waits = [pool.place(party).seconds for party in ("second", "third")]
    assert waits == pytest.approx([8, 16])
    gates[1].set()
    for thread in threads:
        thread.join(10)


def test_a_retried_job_comes_before_all_who_wait(made, tmp_path, monkeypatch):
    gate, order = threading.Event(), []

    def play(worker, job, stopped):
        order.append(job.seed)
        if worker is made[0]:
            gate.wait(10)
            raise EOFError
        return [1], True

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool = Pool(tmp_path, 1)
    threads = [threading.Thread(target=pool.run, args=(replace(JOB, seed=seed), never, print))
               for seed in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert order == [0, 0, 1, 2]


def test_more_than_so_many_may_not_wait(made, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    gate = threading.Event()
    monkeypatch.setattr(Worker, "play", staticmethod(lambda *job: gate.wait(10) and ([1], True)))
    pool = Pool(tmp_path, 1)
    pool.admit(16)      # nobody waits: whatever one request may ask for
    threads = [threading.Thread(target=pool.run, args=(JOB, never, print)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert until(lambda: len(pool._line) == 2)
    pool.admit(1)
    with pytest.raises(WorkerError, match=r"^So many people are composing that 2 takes are waiting .+\.$"):
        pool.admit(2)
    gate.set()
    for thread in threads:
        thread.join(10)
    pool.admit(16)


def test_a_worker_that_has_grown_too_large_makes_room_for_another(made, tmp_path, monkeypatch):
    pool = Pool(tmp_path, 1)
    pool.run(JOB, never, print)
    assert len(made) == 1
    made[0].bytes = module.MOST_BYTES + 1
    assert pool.run(JOB, never, print) == ([7], True)
    assert len(made) == 2 and not made[0].alive and made[1].alive


def test_who_is_stopped_already_does_not_begin(made, tmp_path):
    assert Pool(tmp_path, 1).run(JOB, lambda: True, print) is None


def test_the_patient_wait_for_all_others_and_leave_them_a_worker(made, tmp_path, monkeypatch):
    gates, order = [threading.Event() for _ in range(4)], []

    def play(worker, job, stopped):
        order.append(job.seed)
        gates[job.seed].wait(10)
        return [1], True

    monkeypatch.setattr(Worker, "play", staticmethod(play))
    pool, threads = Pool(tmp_path, 2), []

    def ask(seed: int, patient: bool) -> None:
        threads.append(threading.Thread(target=pool.run, args=(replace(JOB, seed=seed), never, print),
                                        kwargs={"patient": patient}))
        threads[-1].start()
        assert until(lambda: len(order) + len(pool._line) + len(pool._later) == len(threads))

    for seed in (0, 1):
        ask(seed, True)
    assert order == [0] and len(pool._idle) == 1, "one worker is for visitors"
    for seed in (2, 3):
        ask(seed, False)
    assert order == [0, 2]
    gates[0].set()
    assert until(lambda: order == [0, 2, 3])
    for gate in gates:
        gate.set()
    for thread in threads:
        thread.join(10)
    assert order == [0, 2, 3, 1]
    alone = Pool(tmp_path, 1)
    assert alone.run(JOB, never, print, patient=True), "where there is one worker alone, it serves all"
