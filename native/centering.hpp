// The Jacobians of softmax and log-softmax applied to rows.
//
//     weighted_centering       in s, t;        out s (t - <s,t> / sum s)
//     centering                in p, t, live;  out t - <p,t>
//     centering_transposed     in p, g, live;  out g - p sum g
//
// Where one weight exceeds the sum of all others, 1 - p, t_i - <p,t> and g_i - p_i sum g cancel;
// there t is taken relative to its entry at that weight, and sums are over the others. `live` holds
// one byte per entry, 0 where the entry is not read and the result is 0; null where all are live.
#pragma once
#include "drain.hpp"

namespace softgrad {
namespace {

// t without the entries that are not read: where the weight is 0, or that are not alive.
template <class T>
struct ByWeight {
    template <class How>
    SOFTGRAD_INLINE Vec<T> keep(Vec<T> s, Vec<T> t, std::int64_t, How) const {
        return s == 0 ? Vec<T>{} : t;
    }
};

template <class T>
struct ByLife {
    const std::uint8_t* live = nullptr;

    ByLife() = default;
    // A mask that is set throughout the row is not looked at again.
    SOFTGRAD_INLINE ByLife(const std::uint8_t* row, std::int64_t n) {
        if (row != nullptr && std::memchr(row, 0, static_cast<std::size_t>(n)) != nullptr) live = row;
    }

    template <class How>
    SOFTGRAD_INLINE Vec<T> keep(Vec<T>, Vec<T> t, std::int64_t i, How how) const {
        return kept(t, i, how);
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> kept(Vec<T> t, std::int64_t i, How how) const {
        if (live == nullptr) return t;
        return mask(i, how) ? t : Vec<T>{};
    }

  private:
    // Twice as wide at each step: in one, GCC converts lane by lane.
    template <int bytes, class V>
    static SOFTGRAD_INLINE auto widened(V v) {
        if constexpr (bytes == sizeof(T)) {
            return v;
        } else {
            using Wider = std::conditional_t<
                bytes == 1, std::int16_t, std::conditional_t<bytes == 2, std::int32_t, std::int64_t>>;
            return widened<2 * bytes>(
                __builtin_convertvector(v, typename VectorOf<Wider, lanes<T>>::type));
        }
    }
    template <class How>
    SOFTGRAD_INLINE IntVec<T> mask(std::int64_t i, How how) const {
        typename VectorOf<std::int8_t, lanes<T>>::type bytes{};
        if constexpr (std::is_same_v<How, Whole>)
            std::memcpy(&bytes, live + i, sizeof bytes);
        else
            std::memcpy(&bytes, live + i, static_cast<std::size_t>(how.k));
        return widened<1>(bytes) != 0;
    }
};

// The place of the first entry with a value, known to be there.
template <class S>
SOFTGRAD_INLINE std::int64_t place_of(Compute<S> value, const S* s, std::int64_t n) {
    std::int64_t i = 0;
    while (i < n - 1 && element(s + i) != value) ++i;
    return i;
}

// A row's weighted mean of t, relative to the entry of t at a weight above all others.
template <class T>
struct Mean {
    T pivot = 0, mean = 0;
    Total<T> weights;
};

template <class S, class Keep, class Meanwhile>
SOFTGRAD_INLINE Mean<Compute<S>> weighted_mean(const S* s, const S* t, std::int64_t n, Keep keep,
                                               bool divided, Meanwhile meanwhile) {
    using T = Compute<S>;
    Vec<T> high[4] = {};
    Sum<T> weight, moment;
    accumulate<T>(n, weight, moment, meanwhile,
                  [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
                      const Vec<T> w = how.load(s + i);
                      high[unit] = maximum(w, high[unit]);
                      return Two<T>{w, w * keep.keep(w, how.load(t + i), i, how)};
                  });
    const T top = reduce<T>(maximum(maximum(high[0], high[1]), maximum(high[2], high[3])),
                            [](auto p, auto q) { return p > q ? p : q; });
    Mean<T> found;
    found.weights = Total<T>(weight.total());
    double sum = moment.total().rounded();
    if (2 * static_cast<double>(top) > weight.total().rounded()) {
        const std::int64_t place = place_of(top, s, n);
        const First one{1};
        found.pivot = keep.keep(one.load(s + place), one.load(t + place), place, one)[0];
        Sum<T> apart;
        accumulate<T>(n, apart, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            const Vec<T> w = how.load(s + i);
            return w * (keep.keep(w, how.load(t + i), i, how) - found.pivot);
        });
        sum = apart.total().rounded();
    }
    const T total = found.weights.high;
    found.mean = static_cast<T>(divided && total != 0 ? sum / weight.total().rounded() : sum);
    return found;
}

template <class S>
struct Weighed {
    using T = Compute<S>;
    const S* s = nullptr;
    const S* t = nullptr;
    T pivot = 0, mean = 0;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> w = how.load(s + i);
        return w * ((ByWeight<T>{}.keep(w, how.load(t + i), i, how) - pivot) - mean);
    }
};

template <class S>
struct Centred {
    using T = Compute<S>;
    const S* t = nullptr;
    T pivot = 0, mean = 0;
    ByLife<T> life;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> v = life.kept(how.load(t + i), i, how);
        return life.kept((v - pivot) - mean, i, how);
    }
};

// Rows of more bytes are not found in cache again, nor is what was prefetched for the row behind.
constexpr std::int64_t cached_row = 1 << 19;

// Where to prefetch from while row r is read.
template <class S>
SOFTGRAD_INLINE std::int64_t ahead_of(std::int64_t r, std::int64_t n, std::int64_t last) {
    constexpr std::int64_t few = 4096 / sizeof(S);
    if (n * static_cast<std::int64_t>(sizeof(S)) > cached_row) return r * n + few;
    return r + 1 < last ? (r + 1) * n : r * n;
}

// `weighted`: s (t - mean), reading t where s is not 0; otherwise t - mean where alive.
template <class S, bool weighted>
struct CentredRow {
    using T = Compute<S>;
    using Map = std::conditional_t<weighted, Weighed<S>, Centred<S>>;
    template <Write how>
    using Writer = Drain<S, how, Map>;

    const S* s;
    const S* t;
    const std::uint8_t* live;
    S* y;
    std::int64_t n, last;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const std::int64_t from = r * n, next = ahead_of<S>(r, n, last);
        const auto step = [&](std::int64_t i) SOFTGRAD_BODY {
            prefetch<4 * lanes<T>>(s + next + i);
            prefetch<4 * lanes<T>>(t + next + i);
            meanwhile(i);
        };
        if constexpr (weighted) {
            const auto m = weighted_mean(s + from, t + from, n, ByWeight<T>{}, true, step);
            return {Map{s + from, t + from, m.pivot, m.mean}, y + from, n};
        } else {
            const ByLife<T> life(live ? live + from : nullptr, n);
            const auto m = weighted_mean(s + from, t + from, n, life, false, step);
            return {Map{t + from, m.pivot, m.mean, life}, y + from, n};
        }
    }
};

// One row at a time where rows are too long to be found in cache again.
template <class Row>
void rows_of(const Row& row, const Job& job, std::int64_t first, std::int64_t last,
             std::int64_t size) {
    if (job.n * size <= cached_row) {
        each_row(row, first, last, job.rows * job.n * size);
        return;
    }
    for (std::int64_t r = first; r < last; ++r)
        row.template read<Write::streamed>(r, Nothing{}).finish();
    stream_fence();
}

template <class S>
void weighted_centering(const Job& job, std::int64_t first, std::int64_t last) {
    rows_of(CentredRow<S, true>{static_cast<const S*>(job.in[0]), static_cast<const S*>(job.in[1]),
                                nullptr, static_cast<S*>(job.out[0]), job.n, last},
            job, first, last, sizeof(S));
}

template <class S>
void centering(const Job& job, std::int64_t first, std::int64_t last) {
    rows_of(CentredRow<S, false>{static_cast<const S*>(job.in[0]),
                                 static_cast<const S*>(job.in[1]),
                                 static_cast<const std::uint8_t*>(job.in[2]),
                                 static_cast<S*>(job.out[0]), job.n, last},
            job, first, last, sizeof(S));
}

template <class S>
struct Transposed {
    using T = Compute<S>;
    const S* p = nullptr;
    const S* g = nullptr;
    T total = 0;
    Exception<T> top;
    ByLife<T> life;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> v = life.kept(how.load(g + i), i, how) - how.load(p + i) * total;
        return life.kept(top.in(v, i), i, how);
    }
};

// At a weight above all others, g (1 - p) - p sum(other g) is taken from the others.
template <class S>
struct TransposedRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Drain<S, how, Transposed<S>>;

    const S* p;
    const S* g;
    const std::uint8_t* live;
    S* y;
    std::int64_t n, last;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const std::int64_t from = r * n, next = ahead_of<S>(r, n, last);
        const S* weights = p + from;
        const S* upstream = g + from;
        const ByLife<T> life(live ? live + from : nullptr, n);
        Vec<T> high[4] = {};
        Sum<T> weight, sum;
        const auto step = [&](std::int64_t i) SOFTGRAD_BODY {
            prefetch<4 * lanes<T>>(p + next + i);
            prefetch<4 * lanes<T>>(g + next + i);
            meanwhile(i);
        };
        accumulate<T>(n, weight, sum, step, [&](std::int64_t i, auto unit, auto how_) SOFTGRAD_BODY {
            const Vec<T> w = how_.load(weights + i);
            high[unit] = maximum(w, high[unit]);
            return Two<T>{w, life.kept(how_.load(upstream + i), i, how_)};
        });
        const T top = reduce<T>(maximum(maximum(high[0], high[1]), maximum(high[2], high[3])),
                                [](auto a, auto b) { return a > b ? a : b; });
        const double all = sum.total().rounded();
        Exception<T> exception;
        if (2 * static_cast<double>(top) > weight.total().rounded()) {
            exception.place = place_of(top, weights, n);
            Sum<T> other_weight, other_sum;
            const Exception<T> nothing{exception.place, 0};
            accumulate<T>(n, other_weight, other_sum, Nothing{},
                          [&](std::int64_t i, auto, auto how_) SOFTGRAD_BODY {
                              const Vec<T> v = life.kept(how_.load(upstream + i), i, how_);
                              return Two<T>{nothing.in(how_.load(weights + i), i), nothing.in(v, i)};
                          });
            exception.value = static_cast<T>(other_weight.total().rounded() * all -
                                             other_sum.total().rounded());
        }
        return {Transposed<S>{weights, upstream, static_cast<T>(all), exception, life}, y + from, n};
    }
};

template <class S>
void centering_transposed(const Job& job, std::int64_t first, std::int64_t last) {
    rows_of(TransposedRow<S>{static_cast<const S*>(job.in[0]), static_cast<const S*>(job.in[1]),
                             static_cast<const std::uint8_t*>(job.in[2]),
                             static_cast<S*>(job.out[0]), job.n, last},
            job, first, last, sizeof(S));
}

}  // namespace
}  // namespace softgrad
