#!/usr/bin/env python3
"""What the papers and RFCs say a queue does, as vectors: disciplines.py DIRECTORY

Straight transcriptions, line by line and without any thought of speed, of
  RED      Floyd and Jacobson 1993, figure 2; gentle and byte mode as described there and by Floyd in 2000;
           adaptive RED of Floyd, Gummadi and Shenker 2001, figure 1
  CoDel    RFC 8289, section 5
  FQ-CoDel RFC 8290, section 4
  DualPI2  RFC 9332, appendix A.1 and A.2
Each is put through random traffic, and what it does is written down; queue_vectors_test does the same with our own code,
and must do the same. Run again, the same files come out.

A file: a line with the discipline and its settings, then a line for each thing that happens:
  p TIME LENGTH HASH DSCP ECN | DROPPED...     a packet comes; they are numbered from 0
  g TIME | PACKET ECN | DROPPED...              one leaves ("-": none)
Times are in nanoseconds, lengths in bytes. Random numbers are those of tests/draw.h, seed 1.
"""
import collections
import math
import os
import random
import sys

SECOND = 1000000000
NOT_ECT, ECT_1, ECT_0, CE = range(4)


class Draw:
    """tests/draw.h."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 32


class Packet:
    def __init__(self, number, length, hash_, class_, ecn):
        self.number, self.length, self.hash, self.class_, self.ecn = number, length, hash_, class_, ecn
        self.arrived = None


class Discipline:
    """put() and get() note in self.dropped what they drop."""

    def __init__(self):
        self.dropped = []

    def drop(self, packet):
        self.dropped.append(packet.number)


# --- RED -------------------------------------------------------------------------------------------------------------

class Red(Discipline):
    def __init__(self, limit, in_bytes, ecn, weight, gentle, mean, packet_ns, adaptive, profiles):
        super().__init__()
        self.limit, self.in_bytes, self.ecn, self.w_q, self.gentle = limit, in_bytes, ecn, weight, gentle
        self.mean, self.s, self.adaptive, self.profiles = mean, packet_ns, adaptive, profiles
        self.queue = collections.deque()
        self.bytes = 0
        self.avg = 0.0
        self.count = [-1] * 4
        self.q_time = 0      # start of the idle time
        self.max_p = profiles[0][2]
        self.next_adapt = SECOND // 2
        self.draw = Draw(1)
        self.config = (f"red {limit} {int(in_bytes)} {int(ecn)} {weight!r} {int(gentle)} {mean!r} {packet_ns!r} "
                       f"{int(adaptive)} {len(profiles)} " + " ".join(f"{a!r} {b!r} {c!r}" for a, b, c in profiles))

    def adapt(self, now):
        """Every interval seconds: if avg > target ..., target in the middle of the range."""
        if now < self.next_adapt:
            return
        self.next_adapt = now + SECOND // 2
        low, high, _ = self.profiles[0]
        if self.avg > low + 0.6 * (high - low) and self.max_p < 0.5:
            self.max_p = self.max_p + min(0.01, self.max_p / 4)
        elif self.avg < low + 0.4 * (high - low) and self.max_p > 0.01:
            self.max_p = self.max_p * 0.9

    def arrive(self, packet, now):
        """Whether to mark, in the paper's words: "early", "forced" or None."""
        min_th, max_th, max_p = self.profiles[packet.class_]
        random_number = self.draw() / 2**32
        if self.queue:
            q = self.bytes if self.in_bytes else len(self.queue)
            self.avg = (1 - self.w_q) * self.avg + self.w_q * q
        else:
            m = (now - self.q_time) / self.s
            self.avg = (1 - self.w_q) ** m * self.avg
        if self.adaptive:
            self.adapt(now)
            max_p = self.max_p
        if min_th <= self.avg < max_th or (self.gentle and max_th <= self.avg < 2 * max_th):
            self.count[packet.class_] += 1
            if self.avg < max_th:
                p_b = max_p * (self.avg - min_th) / (max_th - min_th)
            else:
                p_b = max_p + (1 - max_p) * (self.avg - max_th) / max_th
            if self.mean:
                p_b = p_b * packet.length / self.mean
            rest = 1 - self.count[packet.class_] * p_b
            if rest <= 0 or random_number < p_b / rest:
                self.count[packet.class_] = 0
                return "early"
            return None
        if self.avg < min_th:
            self.count[packet.class_] = -1
            return None
        self.count[packet.class_] = 0
        return "forced"

    def put(self, packet, now):
        verdict = self.arrive(packet, now)
        if verdict == "early" and self.ecn and packet.ecn != NOT_ECT:
            packet.ecn = CE
            verdict = None
        if verdict or self.bytes + packet.length > self.limit:
            self.drop(packet)
        else:
            self.queue.append(packet)
            self.bytes += packet.length
        if not self.queue:
            self.q_time = now

    def get(self, now):
        if not self.queue:
            return None
        packet = self.queue.popleft()
        self.bytes -= packet.length
        if not self.queue:
            self.q_time = now
        return packet


# --- CoDel -----------------------------------------------------------------------------------------------------------

class CodelState:
    """RFC 8289 section 5, over a queue with `.packets` and `.bytes`."""

    def __init__(self, target, interval, maxpacket, ecn, drop):
        self.TARGET, self.INTERVAL, self.maxpacket, self.ecn, self.drop = target, interval, maxpacket, ecn, drop
        self.first_above_time = 0
        self.drop_next = 0
        self.count = self.lastcount = 0
        self.dropping = False

    def control_law(self, t, count):
        return t + int(self.INTERVAL / math.sqrt(count))

    def dodequeue(self, queue, now):
        ok_to_drop = False
        packet = queue.pop()
        if packet is None:
            self.first_above_time = 0
        else:
            sojourn_time = now - packet.arrived
            if sojourn_time < self.TARGET or queue.bytes <= self.maxpacket:
                self.first_above_time = 0
            else:
                if self.first_above_time == 0:
                    self.first_above_time = now + self.INTERVAL
                elif now >= self.first_above_time:
                    ok_to_drop = True
        return packet, ok_to_drop

    def mark(self, packet):
        if self.ecn and packet.ecn != NOT_ECT:
            packet.ecn = CE
            return True
        return False

    def dequeue(self, queue, now):
        packet, ok_to_drop = self.dodequeue(queue, now)
        if self.dropping:
            if not ok_to_drop:
                self.dropping = False
            while now >= self.drop_next and self.dropping:
                self.count += 1
                if self.mark(packet):
                    self.drop_next = self.control_law(self.drop_next, self.count)
                    break
                self.drop(packet)
                packet, ok_to_drop = self.dodequeue(queue, now)
                if not ok_to_drop:
                    self.dropping = False
                else:
                    self.drop_next = self.control_law(self.drop_next, self.count)
        elif ok_to_drop:
            if not self.mark(packet):
                self.drop(packet)
                packet, ok_to_drop = self.dodequeue(queue, now)
            self.dropping = True
            delta = self.count - self.lastcount
            if delta > 1 and now - self.drop_next < 16 * self.INTERVAL:
                self.count = delta
            else:
                self.count = 1
            self.drop_next = self.control_law(now, self.count)
            self.lastcount = self.count
        return packet


class Fifo:
    def __init__(self):
        self.packets = collections.deque()
        self.bytes = 0

    def push(self, packet):
        self.packets.append(packet)
        self.bytes += packet.length

    def pop(self):
        if not self.packets:
            return None
        packet = self.packets.popleft()
        self.bytes -= packet.length
        return packet


class Codel(Discipline):
    def __init__(self, limit, target, interval, mtu, ecn):
        super().__init__()
        self.limit, self.queue = limit, Fifo()
        self.state = CodelState(target, interval, mtu, ecn, self.drop)
        self.config = f"codel {limit} {target} {interval} {mtu} {int(ecn)}"

    def put(self, packet, now):
        if self.queue.bytes + packet.length > self.limit:
            self.drop(packet)
            return
        packet.arrived = now
        self.queue.push(packet)

    def get(self, now):
        return self.state.dequeue(self.queue, now)


# --- FQ-CoDel --------------------------------------------------------------------------------------------------------

class FqCodel(Discipline):
    def __init__(self, limit, flows, quantum, target, interval, mtu, ecn):
        super().__init__()
        self.limit, self.flows, self.quantum = limit, flows, quantum
        self.queues = [Fifo() for _ in range(flows)]
        self.states = [CodelState(target, interval, mtu, ecn, self.drop) for _ in range(flows)]
        self.credits = [0] * flows
        self.new_queues, self.old_queues = collections.deque(), collections.deque()
        self.config = f"fq-codel {limit} {flows} {quantum} {target} {interval} {mtu} {int(ecn)}"

    def put(self, packet, now):
        """4.1: classify, enqueue; a queue that is not active joins the new ones; where there is no room, the queue with
        most bytes loses half of them from its head, at most 64 packets."""
        at = packet.hash * self.flows >> 32
        packet.arrived = now
        self.queues[at].push(packet)
        if at not in self.new_queues and at not in self.old_queues:
            self.credits[at] = self.quantum
            self.new_queues.append(at)
        if sum(len(queue.packets) for queue in self.queues) > self.limit:
            fattest = max(self.queues, key=lambda queue: queue.bytes)
            half, dropped = fattest.bytes // 2, 0
            while True:
                self.drop(fattest.pop())
                dropped += 1
                if dropped == 64 or fattest.bytes <= half or not fattest.packets:
                    break

    def get(self, now):
        """4.2."""
        while True:
            if self.new_queues:
                queues = self.new_queues
            elif self.old_queues:
                queues = self.old_queues
            else:
                return None
            at = queues[0]
            if self.credits[at] <= 0:
                self.credits[at] += self.quantum
                queues.popleft()
                self.old_queues.append(at)
                continue
            packet = self.states[at].dequeue(self.queues[at], now)
            if packet is None:
                queues.popleft()
                if queues is self.new_queues:
                    self.old_queues.append(at)
                continue
            self.credits[at] -= packet.length
            return packet


# --- DualPI2 ---------------------------------------------------------------------------------------------------------

class DualPi2(Discipline):
    def __init__(self, limit, target, update, alpha, beta, k, min_th, range_, percent):
        super().__init__()
        self.limit, self.target, self.update, self.alpha, self.beta = limit, target, update, alpha, beta
        self.k, self.min_th, self.range, self.percent = k, min_th, range_, percent
        self.lq, self.cq = Fifo(), Fifo()
        self.lcount = self.ccount = 0.0
        self.p = 0.0
        self.prevq = 0
        self.next_update = update
        self.credit = 0
        self.config = f"dualpi2 {limit} {target} {update} {alpha!r} {beta!r} {k!r} {min_th} {range_} {percent}"

    def dualpi2_update(self, now):
        """Where the low-latency queue is the slower one its delay counts, as Linux has it."""
        times = [now - queue.packets[0].arrived if queue.packets else 0 for queue in (self.lq, self.cq)]
        curq = max(times)
        self.p = (self.p + (self.alpha * (curq - self.target) / 1e9 + self.beta * (curq - self.prevq) / 1e9))
        self.p = min(max(self.p, 0.0), 1.0)
        self.prevq = curq

    def timer(self, now):
        if now >= self.next_update:
            self.dualpi2_update(now)
            while self.next_update <= now:
                self.next_update += self.update

    def laqm(self, qdelay):
        if qdelay > self.min_th and qdelay >= self.min_th + self.range:
            return 1.0
        if qdelay > self.min_th:
            return (qdelay - self.min_th) / self.range
        return 0.0

    def recur_l(self, likelihood):
        self.lcount += likelihood
        if self.lcount > 1:
            self.lcount -= 1
            return True
        return False

    def recur_c(self, likelihood):
        self.ccount += likelihood
        if self.ccount > 1:
            self.ccount -= 1
            return True
        return False

    def put(self, packet, now):
        self.timer(now)
        if self.lq.bytes + self.cq.bytes + packet.length > self.limit:
            self.drop(packet)
            return
        packet.arrived = now
        if packet.ecn % 2 == 0:
            self.cq.push(packet)
        else:
            self.lq.push(packet)

    def scheduler(self):
        """Weighted round robin, as sch_dualpi2 does it: a credit says whose turn it is."""
        if self.lq.packets and self.cq.packets:
            queue = self.lq if self.credit <= 0 else self.cq
            length = queue.packets[0].length
            self.credit += (100 - self.percent) * length if queue is self.lq else -self.percent * length
            return queue
        self.credit = 0
        return self.lq if self.lq.packets else self.cq

    def get(self, now):
        self.timer(now)
        while self.lq.packets or self.cq.packets:
            queue = self.scheduler()
            p_cl, p_c = self.k * self.p, self.p * self.p
            if queue is self.lq:
                more = len(self.lq.packets) > 1
                packet = self.lq.pop()
                p_l = max(self.laqm(now - packet.arrived) if more else 0.0, p_cl)
                if p_cl < 1:
                    if self.recur_l(p_l):
                        packet.ecn = CE
                else:  # overload
                    if self.recur_l(p_c):
                        self.drop(packet)
                        continue
                    packet.ecn = CE
            else:
                packet = self.cq.pop()
                if self.recur_c(p_c):
                    if packet.ecn == NOT_ECT or p_cl >= 1:
                        self.drop(packet)
                        continue
                    packet.ecn = CE
            return packet
        return None


# --- traffic ---------------------------------------------------------------------------------------------------------

def traffic(discipline, seed, rate, loads, seconds, classes=1, flows=8):
    """The lines of a run: bursts of random traffic, each phase with its load of the rate (bits a second)."""
    rand = random.Random(seed)
    lines, packets, now, next_get = [], 0, 0, None
    waiting = 0
    until = int(seconds * SECOND)
    next_put = 0
    while now < until:
        if next_get is not None and next_get <= next_put:
            now = next_get
            discipline.dropped = []
            packet = discipline.get(now)
            drops = "".join(f" {number}" for number in discipline.dropped)
            lines.append(f"g {now} | {packet.number} {packet.ecn} |{drops}" if packet else f"g {now} | - |{drops}")
            waiting -= len(discipline.dropped) + (packet is not None)
            next_get = now + packet.length * 8 * SECOND // rate if packet else None
            continue
        now = next_put
        length = rand.choice((64, 64, 200, 576, 1500, 1500, 1500))
        packet = Packet(packets, length, (rand.randrange(flows) * 2654435761 + 12345) % 2**32, rand.randrange(classes),
                        rand.choice((NOT_ECT, NOT_ECT, ECT_0, ECT_1)))
        packets += 1
        discipline.dropped = []
        was = (packet.hash, packet.class_, packet.ecn)
        discipline.put(packet, now)
        drops = "".join(f" {number}" for number in discipline.dropped)
        lines.append(f"p {now} {length} {was[0]} {was[1]} {was[2]} |{drops}")
        waiting += 1 - len(discipline.dropped)
        if next_get is None and waiting:
            next_get = now
        load = loads[min(now * len(loads) // until, len(loads) - 1)]
        # One gap in ten is eight times as long, so that there are bursts; in the mean it is 772 bytes' time.
        mean = 772 * 8 * SECOND / rate / load / 1.7
        gap = rand.expovariate(1 / mean) * (1 if rand.random() < 0.9 else 8)
        next_put = now + max(1, int(gap))
    return lines


def main():
    ms, rate = 1000000, 10000000
    packet_ns = 772 * 8 * SECOND / rate
    waves, pressed = (0.4, 1.3, 0.8, 2.5, 0.2, 1.05, 1.6, 0.6), (0.5, 1.4, 1.4, 1.4, 0.7, 1.3, 1.2, 0.5)
    plain = (0.002, False, 0.0, packet_ns, False)
    low_latency = (15 * ms, 15 * ms, 0.15, 3.0, 2.0)
    runs = {
        "red-paper": (Red(120000, False, False, *plain, [(5.0, 15.0, 0.02)]), waves, 1, 1),
        "red-gentle-ecn": (Red(120000, False, True, 0.01, True, 0.0, packet_ns, False, [(4.0, 12.0, 0.1)]), waves, 1, 1),
        "red-bytes": (Red(60000, True, False, 0.005, True, 772.0, packet_ns, False, [(4000.0, 16000.0, 0.05)]), waves, 1, 1),
        "red-adaptive": (Red(120000, False, True, 0.02, True, 0.0, packet_ns, True, [(5.0, 15.0, 0.1)]), pressed, 4, 1),
        "red-weighted": (Red(120000, False, False, 0.01, False, 0.0, packet_ns, False,
                             [(4.0, 10.0, 0.2), (8.0, 16.0, 0.05), (14.0, 30.0, 0.02)]), waves, 1, 3),
        "codel": (Codel(150000, 5 * ms, 100 * ms, 1500, False), pressed, 2, 1),
        "codel-ecn": (Codel(300000, 5 * ms, 40 * ms, 1500, True), pressed, 2, 1),
        "fq-codel": (FqCodel(60, 16, 1514, 5 * ms, 50 * ms, 1500, False), waves, 1, 1),
        "fq-codel-ecn": (FqCodel(1000, 64, 300, 5 * ms, 100 * ms, 1500, True), pressed, 2, 1),
        "dualpi2": (DualPi2(1000000, *low_latency, 800000, 400000, 90), waves, 1, 1),
        "dualpi2-step": (DualPi2(40000, *low_latency, 1 * ms, 0, 90), pressed, 1, 1),
    }
    for seed, (name, (discipline, loads, seconds, classes)) in enumerate(runs.items(), 1):
        lines = traffic(discipline, seed, rate, loads, seconds, classes)
        with open(os.path.join(sys.argv[1], name + ".txt"), "w", encoding="ascii") as file:
            file.write(discipline.config + "\n" + "\n".join(lines) + "\n")


main()
