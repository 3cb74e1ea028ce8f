"""A log to look at: half a year of plausible entries, ending today."""

import datetime as dt

from django.utils import timezone

from journal.models import Entry, Writing
from mastery.models import User

# Days before today, and what was written on that day. A few of them are public.
ENTRIES: list[tuple[int, bool, dict[str, object]]] = [
    (184, False, {
        "title": "Environment",
        "tried": "Set up the repository, one environment, torch on the laptop's GPU.",
        "happened": "`torch.cuda.is_available()` said no until the driver matched. "
        "Then a 4096 by 4096 matmul took 9 ms.",
        "learned": "Pin the versions first, think later.",
        "next": "- Train anything at all\n- Start the paper notes",
        "tags": ("setup",), "milestones": ("p0-0",), "minutes": 140,
    }),
    (182, True, {
        "title": "First loss curve",
        "tried": "nanoGPT on tiny-shakespeare, the small configuration, 2,000 steps.",
        "happened": "Validation loss 1.88 after 12 minutes. The samples have the line breaks of "
        "a play and no sense at all.",
        "learned": "The curve falls fast, then slowly. I could not have said why.",
        "next": "- Say what the loss means in bits per character",
        "tags": ("nanogpt", "setup"), "milestones": ("p0-1", "d0"), "minutes": 95,
        "build_work": True,
    }),
    (165, False, {
        "title": "One gradient by hand",
        "tried": "Two-layer MLP on paper, then a finite-difference check.",
        "happened": "Off by a factor of the batch size. The mean in the loss, of course.",
        "learned": "For $L = \\frac{1}{n}\\sum_i (y_i - \\hat y_i)^2$ the gradient is\n\n"
        "$$\\frac{\\partial L}{\\partial W} = \\frac{2}{n} X^\\top (XW - y)$$\n\n"
        "and the check agrees to `1e-7`.",
        "tags": ("backprop", "maths"), "milestones": ("p1-1",), "minutes": 120,
    }),
    (161, True, {
        "title": "Autodiff from a blank file",
        "tried": "Reverse mode, scalars only, without looking anything up.",
        "happened": "Worked on the third try. The bug was a node visited twice:\n\n"
        "```python\ndef backward(self):\n    for node in reversed(topological(self)):\n"
        "        node.push()  # once, after all its uses\n```",
        "learned": "Gradients *add* where a value is used twice. Topological order is the whole "
        "trick.",
        "next": "- Do it again next month, from nothing",
        "tags": ("backprop", "micrograd"), "milestones": ("p1-0",), "minutes": 210,
        "build_work": True,
    }),
    (139, False, {
        "title": "A learning rate that was too high",
        "tried": "MLP with `lr=3e-1`, then `3e-2`, then `3e-3`.",
        "happened": "| lr | loss after 500 |\n|---|---:|\n| 3e-1 | nan |\n| 3e-2 | 2.31 |\n"
        "| 3e-3 | 2.05 |",
        "learned": "Look at the first fifty steps before anything else.",
        "tags": ("training",), "milestones": ("p1-2",), "minutes": 80, "build_work": True,
    }),
    (118, True, {
        "title": "Attention, every line of it",
        "tried": "Multi-head causal self-attention from a blank file.",
        "happened": "Shapes were right and the mask was not: I masked after the softmax, so the "
        "rows did not sum to one.",
        "learned": "Mask the scores with `-inf` before the softmax. "
        "$\\mathrm{softmax}(QK^\\top/\\sqrt{d})V$, and the $\\sqrt{d}$ keeps the variance at one.",
        "next": "- RoPE by hand\n- Explain why positions are needed at all",
        "tags": ("attention", "transformer"), "milestones": ("p2-0",), "minutes": 180,
        "build_work": True,
    }),
    (104, False, {
        "tried": "Explained RoPE to the rubber duck.",
        "learned": "Rotating by an angle that grows with the position makes the dot product "
        "depend on the distance alone.",
        "tags": ("attention",), "milestones": ("p2-1",), "minutes": 45,
    }),
    (71, False, {
        "title": "nanochat, end to end",
        "tried": "The whole pipeline, smallest depth.",
        "happened": "The tokenizer took longer to understand than the model.",
        "learned": "Half of the oddities in the answers come from whitespace tokens.",
        "tags": ("nanochat", "tokenizer"), "milestones": ("p2-4",), "minutes": 240,
        "build_work": True,
    }),
    (60, True, {
        "title": "Depth against width at 6 M parameters",
        "tried": "Six depths, parameters matched within 2 %, three seeds each.",
        "happened": "4 to 8 layers are within the spread. 2 and 16 are worse, clearly.",
        "learned": "At this size depth matters less than I believed. The spread over seeds is "
        "half of the effect.[^1]\n\n[^1]: n = 3 a depth; no interval is worth printing at that.",
        "next": "- Write it up\n- Ask for a sceptical reading",
        "tags": ("ablation", "transformer"), "milestones": ("p2-5",), "minutes": 300,
        "build_work": True,
    }),
    (41, False, {
        "title": "Reading Chinchilla",
        "tried": "Second pass, with the replication beside it.",
        "happened": "Redid the arithmetic for a 1B model on one GPU.",
        "learned": "About 20 tokens a parameter; at 40 % MFU a 1B model is a matter of weeks "
        "here, and $\\approx 6ND$ FLOPs is good enough to see that.",
        "tags": ("paper", "scaling"), "milestones": ("p3-0",), "minutes": 110,
    }),
    (12, False, {
        "title": "Where the time goes",
        "tried": "A profiler trace of ten steps with `bf16`.",
        "happened": "A third of a step waited for the data loader.",
        "learned": "Memory-bound it was not: two workers more and the gap closed.",
        "next": "- [ ] Profile again with `torch.compile`\n- [ ] Read the FlashAttention paper",
        "tags": ("profiling", "systems"), "milestones": ("p3-1",), "minutes": 150,
        "build_work": True,
    }),
    (4, False, {
        "title": "CS336, the first assignment",
        "tried": "The tokenizer, against the public tests.",
        "happened": "All tests pass; the merge loop is slow, 40 s where 5 would do.",
        "learned": "Count pairs once and keep the counts, instead of counting anew.",
        "next": "- Make the merges incremental\n- Begin the optimiser part",
        "tags": ("cs336", "tokenizer"), "milestones": ("p3-3",), "minutes": 260,
        "build_work": True,
    }),
]  # fmt: skip


def make_log(user: User) -> None:
    """Write a demonstration log for a person who has none; what somebody wrote stays."""
    if Entry.objects.of(user).exists():
        return
    now = timezone.now()
    for days, public, words in ENTRIES:
        moment = now - dt.timedelta(days=days)
        day = moment.astimezone(user.zone).date()
        writing = Writing(day=day, **words)  # type: ignore[arg-type]
        visibility = Entry.Visibility.PUBLIC if public else Entry.Visibility.PRIVATE
        Entry.objects.add(user, [writing], now=moment, visibility=visibility)
