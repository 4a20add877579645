"""Bounds on the error of functions of one value v whose own error is at most e; see error_bound.py.

The relative error of exp is taken to be at most 1.5e-7 < 3 u, except for results below 2^-125, which may be +0.
"""

import math

from bound_of_sums import TINY, U, gamma, need_finite

FLUSHED = 2.0**-125


def relu(v, e):
    return max(v, 0.0), e


def leaky_relu(v, e, slope):
    need_finite(abs(v * slope))
    y = v if v > 0 else slope * v
    near_zero = e * max(1.0, abs(slope))
    return y, near_zero + U * (abs(slope * v) + near_zero) + TINY


def clip(v, e, low, high):
    return min(max(v, low), high), e


def sigmoid(v, e):
    """The slope of the function is at most 1/4. exp, 1 + exp and the quotient are rounded."""
    small = math.exp(-abs(v)) / (1 + math.exp(-abs(v)))
    y = small if v < 0 else 1 - small
    return y, e / 4 + 8 * U * y + FLUSHED


def tanh(v, e):
    """The slope is at most 1; from 0.625 on y = 1 - 2 / (exp(2 a) + 1) is more than 1/2, so that errors of u are relative."""
    return math.tanh(v), e + 8 * U * (abs(math.tanh(v)) + e) + 2 * TINY


def hard_sigmoid(v, e, alpha, beta):
    size = abs(alpha) * (abs(v) + e) + abs(beta)
    need_finite(size)
    return min(max(alpha * v + beta, 0.0), 1.0), abs(alpha) * e + gamma(2) * size + 2 * TINY


def hard_swish(v, e):
    """|slope| is at most 3/2. x + 3 is rounded by at most 6 u where it is not clipped; then product and quotient are rounded."""
    need_finite(6 * (abs(v) + e))
    y = v * min(max(v + 3, 0.0), 6.0) / 6
    return y, 1.5 * e + gamma(4) * (abs(v) + e) + 3 * TINY


FUNCTIONS = {function.__name__: function for function in (
    relu, leaky_relu, clip, sigmoid, tanh, hard_sigmoid, hard_swish)}
