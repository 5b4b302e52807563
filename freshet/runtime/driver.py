"""The native driver: one small function that walks a program's kernels on every thread.

A program is data. Its descriptor is an array of 64-bit words:

    0 calls           address of triples (function, arguments, number of the check or -1); a
                      function of 0 is a jump: (0, address of the slot with the address of a boolean
                      or 0, number of the call to go on with), taken if the boolean is false
    1 number of calls
    2 slots           address of the argument table that the calls point into
    3 number of slots
    4 bases of slots  address: for each slot, which base it is relative to
    5 offsets         address: for each slot, how many bytes after the base
    6 bases           address of the pointers to inputs, outputs, constants, arena, ...
    7 status          address of a byte per check
    8 turns           jumps back after which `start` returns to its caller, which may want to end
    9 first           number of the call to begin with

`start` fills the slots from the bases, then every thread runs every kernel, with a barrier after
each. After many turns of a loop it returns the number of the call to go on with, 0 otherwise, so
that its caller can end a loop that does not. A check whose byte is set ends the walk on all
threads, once all have seen it: the caller may clear it for the next run.

On x86-64, results that would be denormal (below 1.2e-38 in float32) are zero while kernels run.
Such a number takes the processor a hundred times as long, and what an optimizer averages fades into
them once gradients vanish: a training may become five times slower all at once. TensorFlow and XLA
flush them, too. ARM's processors compute with them at full speed.

Workers are threads parked inside one call of `worker`. They spin for a while, then sleep in the
operating system until the next program.

    control block (64-byte lines): 0 epoch, 8 stop, 16 descriptor | 64 arrived | 128 generation
"""

from __future__ import annotations

from typing import Final

from freshet.compiler.target import Target
from freshet.core.errors import UnimplementedError

CONTROL_BYTES: Final = 256
DESCRIPTOR_WORDS: Final = 10
FIRST_WORD: Final = 9
"""Of the descriptor: the number of the call to begin with."""
BARRIER_SPINS: Final = 4000
"""Turns before a waiting thread offers its core to others: kernels are short."""
IDLE_SPINS: Final = 20_000
"""Turns (about a third of a millisecond) before an idle worker sleeps: training steps follow each
other faster than that, and waking a sleeper takes tens of microseconds."""

_PAUSE: Final = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}
_FLUSHING: Final = """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
define internal i32 @flush_denormals() {
  %at = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %at)
  %old = load i32, ptr %at
  %new = or i32 %old, 32768
  store i32 %new, ptr %at
  call void @llvm.x86.sse.ldmxcsr(ptr %at)
  ret i32 %old
}
define internal void @restore(i32 %old) {
  %at = alloca i32
  store i32 %old, ptr %at
  call void @llvm.x86.sse.ldmxcsr(ptr %at)
  ret void
}"""
_NOT_FLUSHING: Final = """
define internal i32 @flush_denormals() {
  ret i32 0
}
define internal void @restore(i32 %old) {
  ret void
}"""
_LINUX_FUTEX: Final = {"x86_64": 202, "aarch64": 98}
_WAIT_PRIVATE, _WAKE_PRIVATE, _ALL = 128, 129, 2147483647


def _sleep_and_wake(target: Target) -> tuple[str, str, str]:
    """Return declarations, the code to sleep while the epoch is %seen, and the code to wake."""
    architecture = "aarch64" if target.architecture == "arm64" else target.architecture
    if "linux" in target.triple and architecture in _LINUX_FUTEX:
        number = _LINUX_FUTEX[architecture]
        call = f"call i64 (i64, ...) @syscall(i64 {number}, ptr %control"
        return (
            "declare i64 @syscall(i64, ...)",
            f"{call}, i64 {_WAIT_PRIVATE}, i32 %seen, i64 0, i64 0, i64 0)",
            f"{call}, i64 {_WAKE_PRIVATE}, i64 {_ALL}, i64 0, i64 0, i64 0)",
        )
    if "apple" in target.triple or "darwin" in target.triple:
        return (
            "declare i32 @__ulock_wait(i32, ptr, i64, i32)\n"
            "declare i32 @__ulock_wake(i32, ptr, i64)",
            "%wide = zext i32 %seen to i64\n  "
            "%slept = call i32 @__ulock_wait(i32 1, ptr %control, i64 %wide, i32 0)",
            "%woken = call i32 @__ulock_wake(i32 257, ptr %control, i64 0)",
        )
    raise UnimplementedError(f"Freshet has no thread pool for {target.triple}")


def driver_text(target: Target) -> str:
    """Return the driver as LLVM text: the functions `start` and `worker`."""
    architecture = "aarch64" if target.architecture == "arm64" else target.architecture
    declare_pause, pause = _PAUSE.get(architecture, ("", ""))
    declare_sleep, sleep, wake = _sleep_and_wake(target)
    return f"""
target triple = "{target.triple}"
{declare_pause}
{declare_sleep}
declare i32 @sched_yield()
{_FLUSHING if architecture == "x86_64" else _NOT_FLUSHING}

define internal void @barrier(ptr %control, i64 %threads) {{
entry:
  %alone = icmp eq i64 %threads, 1
  br i1 %alone, label %out, label %meet
meet:
  %arrived = getelementptr i8, ptr %control, i64 64
  %generation = getelementptr i8, ptr %control, i64 128
  %mine = load atomic i32, ptr %generation acquire, align 4
  %before = atomicrmw add ptr %arrived, i32 1 acq_rel
  %count = add i32 %before, 1
  %all = trunc i64 %threads to i32
  %last = icmp eq i32 %count, %all
  br i1 %last, label %release, label %spin
release:
  store atomic i32 0, ptr %arrived monotonic, align 4
  %next = add i32 %mine, 1
  store atomic i32 %next, ptr %generation release, align 4
  ret void
spin:
  %n = phi i32 [0, %meet], [%n1, %again]
  %now = load atomic i32, ptr %generation acquire, align 4
  %same = icmp eq i32 %now, %mine
  br i1 %same, label %wait, label %out
wait:
  {pause}
  %n1 = add i32 %n, 1
  %long = icmp ugt i32 %n1, {BARRIER_SPINS}
  br i1 %long, label %yield, label %again
yield:
  %y = call i32 @sched_yield()
  br label %again
again:
  br label %spin
out:
  ret void
}}

define internal ptr @word(ptr %base, i64 %number) alwaysinline {{
  %at = getelementptr i64, ptr %base, i64 %number
  %found = load ptr, ptr %at
  ret ptr %found
}}

define internal i64 @walk(ptr %program, i64 %thread, i64 %threads, ptr %control) {{
entry:
  %calls = call ptr @word(ptr %program, i64 0)
  %count_at = getelementptr i64, ptr %program, i64 1
  %count = load i64, ptr %count_at
  %status = call ptr @word(ptr %program, i64 7)
  %turns_at = getelementptr i64, ptr %program, i64 8
  %turns = load i64, ptr %turns_at
  %begin_at = getelementptr i64, ptr %program, i64 9
  %begin = load i64, ptr %begin_at
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %next
next:
  %i = phi i64 [%begin, %entry], [%i2, %on_with]
  %left = phi i64 [%turns, %entry], [%left2, %on_with]
  %first = mul i64 %i, 3
  %second = add i64 %first, 1
  %third = add i64 %first, 2
  %function = call ptr @word(ptr %calls, i64 %first)
  %arguments = call ptr @word(ptr %calls, i64 %second)
  %check_at = getelementptr i64, ptr %calls, i64 %third
  %check = load i64, ptr %check_at
  %jumps = icmp eq ptr %function, null
  br i1 %jumps, label %jump, label %run
jump:
  %always = icmp eq ptr %arguments, null
  br i1 %always, label %back, label %ask
back:
  ; Nobody comes to what writes the boolean again before all have read it.
  call void @barrier(ptr %control, i64 %threads)
  %forward = icmp ugt i64 %check, %i
  br i1 %forward, label %taken, label %turn
turn:
  %left1 = sub i64 %left, 1
  %spent = icmp eq i64 %left1, 0
  br i1 %spent, label %pause, label %taken
pause:
  ret i64 %check
ask:
  %boolean_at = load ptr, ptr %arguments
  %boolean = load i8, ptr %boolean_at
  %holds = icmp ne i8 %boolean, 0
  br i1 %holds, label %more, label %agree
agree:
  ; The program may end here: its next run writes the boolean, which all must have read by then.
  call void @barrier(ptr %control, i64 %threads)
  br label %taken
taken:
  %left3 = phi i64 [%left, %back], [%left1, %turn], [%left, %agree]
  br label %on_with
run:
  call void %function(ptr %arguments, i64 %thread, i64 %threads)
  call void @barrier(ptr %control, i64 %threads)
  %checks = icmp sge i64 %check, 0
  br i1 %checks, label %look, label %more
look:
  %flag_at = getelementptr i8, ptr %status, i64 %check
  %flag = load i8, ptr %flag_at
  %failed = icmp ne i8 %flag, 0
  br i1 %failed, label %leave, label %more
leave:
  call void @barrier(ptr %control, i64 %threads)
  ret i64 0
more:
  %i1 = add i64 %i, 1
  br label %on_with
on_with:
  %i2 = phi i64 [%i1, %more], [%check, %taken]
  %left2 = phi i64 [%left, %more], [%left3, %taken]
  %on = icmp ult i64 %i2, %count
  br i1 %on, label %next, label %done
done:
  ret i64 0
}}

define internal void @fill(ptr %program) {{
entry:
  %slots = call ptr @word(ptr %program, i64 2)
  %count_at = getelementptr i64, ptr %program, i64 3
  %count = load i64, ptr %count_at
  %numbers = call ptr @word(ptr %program, i64 4)
  %offsets = call ptr @word(ptr %program, i64 5)
  %bases = call ptr @word(ptr %program, i64 6)
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %next
next:
  %i = phi i64 [0, %entry], [%i1, %next]
  %number_at = getelementptr i64, ptr %numbers, i64 %i
  %number = load i64, ptr %number_at
  %base_at = getelementptr i64, ptr %bases, i64 %number
  %base = load i64, ptr %base_at
  %offset_at = getelementptr i64, ptr %offsets, i64 %i
  %offset = load i64, ptr %offset_at
  %address = add i64 %base, %offset
  %slot = getelementptr i64, ptr %slots, i64 %i
  store i64 %address, ptr %slot
  %i1 = add i64 %i, 1
  %on = icmp ult i64 %i1, %count
  br i1 %on, label %next, label %done
done:
  ret void
}}

define i64 @start(ptr %control, ptr %program, i64 %threads) {{
entry:
  call void @fill(ptr %program)
  %alone = icmp eq i64 %threads, 1
  br i1 %alone, label %run, label %call
call:
  %program_at = getelementptr i64, ptr %control, i64 2
  store ptr %program, ptr %program_at
  %old = atomicrmw add ptr %control, i32 1 seq_cst
  {wake}
  br label %run
run:
  %mode = call i32 @flush_denormals()
  %resume = call i64 @walk(ptr %program, i64 0, i64 %threads, ptr %control)
  call void @restore(i32 %mode)
  ret i64 %resume
}}

define void @stop(ptr %control) {{
  %stop_at = getelementptr i64, ptr %control, i64 1
  store i64 1, ptr %stop_at
  %old = atomicrmw add ptr %control, i32 1 seq_cst
  {wake}
  ret void
}}

define void @worker(ptr %control, i64 %thread, i64 %threads) {{
entry:
  %mode = call i32 @flush_denormals()
  br label %idle
idle:
  %seen = phi i32 [0, %entry], [%epoch, %work]
  br label %spin
spin:
  %n = phi i32 [0, %idle], [%n1, %again]
  %epoch = load atomic i32, ptr %control acquire, align 4
  %new = icmp ne i32 %epoch, %seen
  br i1 %new, label %woken, label %rest
rest:
  {pause}
  %n1 = add i32 %n, 1
  %long = icmp ugt i32 %n1, {IDLE_SPINS}
  br i1 %long, label %sleep, label %again
sleep:
  {sleep}
  br label %again
again:
  br label %spin
woken:
  %stop_at = getelementptr i64, ptr %control, i64 1
  %stop = load i64, ptr %stop_at
  %ends = icmp ne i64 %stop, 0
  br i1 %ends, label %out, label %work
work:
  %program = call ptr @word(ptr %control, i64 2)
  %resume = call i64 @walk(ptr %program, i64 %thread, i64 %threads, ptr %control)
  br label %idle
out:
  call void @restore(i32 %mode)
  ret void
}}
"""
