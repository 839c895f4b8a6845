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
    // Row r's of a mask, or of none. A row that is set throughout is not looked at again.
    template <class N>
    SOFTGRAD_INLINE ByLife(const std::uint8_t* rows, std::int64_t r, N n) {
        if (rows == nullptr) return;
        const std::uint8_t* row = rows + start_of(r, n);
        if constexpr (!in_lanes<N>)
            if (std::memchr(row, 0, static_cast<std::size_t>(std::int64_t{n})) == nullptr) return;
        live = row;
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
            using Wide = std::conditional_t<bytes == 2, std::int32_t, std::int64_t>;
            using Wider = std::conditional_t<bytes == 1, std::int16_t, Wide>;
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

// A row's weighted mean of t, relative to the entry of t at a dominant weight.
template <class V>
struct Mean {
    using T = Scalar<V>;
    V pivot{}, mean{};
    Exception<V> at_pivot;                 // 0, even where the difference of infinities is NaN
    Wide<V> weights = widened(V{} + 1);  // what sums are divided by

    SOFTGRAD_INLINE V of(Wide<V> sum) const {
        return narrowed<V>(choose(narrowed<V>(weights) != 0, sum / weights, sum));
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> relative(Vec<T> t, std::int64_t i, How how) const {
        return at_pivot.in(t - pivot, i, how);
    }
};

template <class S, class N, class Keep, class Meanwhile>
SOFTGRAD_INLINE auto weighted_mean(const S* s, const S* t, N n, Keep keep, bool divided,
                                   Meanwhile meanwhile) {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    Largest<T, N> largest(0);
    RowSum<T, N> weight, moment;
    accumulate<T>(n, weight, moment, meanwhile,
                  [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
                      const Vec<T> w = how.load(s + i);
                      largest.see(unit, w);
                      return Two<T>{w, w * keep.keep(w, how.load(t + i), i, how)};
                  });
    const V top = largest.found();
    Mean<V> found;
    Wide<V> sum = moment.total().rounded();
    if (const Mask<V> dominant = dominates<V>(top, weight.total()); any(dominant)) {
        const auto first = first_of(top, s, n, [&](std::int64_t i, auto how) SOFTGRAD_BODY {
            return keep.keep(how.load(s + i), how.load(t + i), i, how);
        });
        found.at_pivot.place = choose(dominant, first.place, found.at_pivot.place);
        found.pivot = choose(dominant, first.value, V{});
        RowSum<T, N> apart;
        accumulate<T>(n, apart, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            const Vec<T> w = how.load(s + i);
            const Vec<T> v = found.relative(keep.keep(w, how.load(t + i), i, how), i, how);
            return how.template only<T>(w * v);
        });
        sum = choose(dominant, apart.total().rounded(), sum);
    }
    if (divided) found.weights = weight.total().rounded();
    found.mean = found.of(sum);
    return found;
}

template <class S, class V>
struct Weighed {
    using T = Compute<S>;
    const S* s = nullptr;
    const S* t = nullptr;
    Mean<V> by;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> w = how.load(s + i);
        const Vec<T> v = ByWeight<T>{}.keep(w, how.load(t + i), i, how);
        return w * (by.relative(v, i, how) - by.mean);
    }
};

template <class S, class V>
struct Centred {
    using T = Compute<S>;
    const S* t = nullptr;
    Mean<V> by;
    ByLife<T> life;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> v = life.kept(how.load(t + i), i, how);
        return life.kept(by.relative(v, i, how) - by.mean, i, how);
    }
};

// `weighted`: s (t - mean), reading t where s is not 0; otherwise t - mean where alive.
template <class S, bool weighted, class N>
struct CentredRow {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    using Map = std::conditional_t<weighted, Weighed<S, V>, Centred<S, V>>;
    using Writer = Drain<S, Map, N>;

    Rows<S, N> s, t;
    const std::uint8_t* live;
    S* y;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        const auto step = s.ahead(r, t.ahead(r, meanwhile));
        S* to = y + start_of(r, s.n);
        if constexpr (weighted) {
            const auto mean = weighted_mean(s[r], t[r], s.n, ByWeight<T>{}, true, step);
            return {Map{s[r], t[r], mean}, to, s.n};
        } else {
            const ByLife<T> life(live, r, s.n);
            const auto mean = weighted_mean(s[r], t[r], s.n, life, false, step);
            return {Map{t[r], mean, life}, to, s.n};
        }
    }
};

template <class S, class V>
struct Transposed {
    using T = Compute<S>;
    const S* p = nullptr;
    const S* g = nullptr;
    V total{};
    Exception<V> top;
    ByLife<T> life;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> v = life.kept(how.load(g + i), i, how);
        const Vec<T> found = fused(how.load(p + i), broadcast(-total), v);
        return life.kept(top.in(found, i, how), i, how);
    }
};

// At a dominant weight, g (1 - p) - p sum(other g) is taken from the others.
template <class S, class N>
struct TransposedRow {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    using Writer = Drain<S, Transposed<S, V>, N>;

    Rows<S, N> p, g;
    const std::uint8_t* live;
    S* y;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        Transposed<S, V> map{p[r], g[r], {}, {}, ByLife<T>(live, r, p.n)};
        Largest<T, N> largest(0);
        RowSum<T, N> weight, sum;
        accumulate<T>(p.n, weight, sum, p.ahead(r, g.ahead(r, meanwhile)),
                      [&](std::int64_t i, auto unit, auto how_) SOFTGRAD_BODY {
                          const Vec<T> w = how_.load(map.p + i);
                          largest.see(unit, w);
                          return Two<T>{w, map.life.kept(how_.load(map.g + i), i, how_)};
                      });
        const V top = largest.found();
        const Wide<V> all = sum.total().rounded();
        map.total = narrowed<V>(all);
        if (const Mask<V> dominant = dominates<V>(top, weight.total()); any(dominant)) {
            const auto first = first_of(top, map.p, p.n, [](auto, auto) SOFTGRAD_BODY {
                return Vec<T>{};
            });
            map.top.place = choose(dominant, first.place, map.top.place);
            const Exception<V> without = map.top;
            RowSum<T, N> other_weight, other_sum;
            accumulate<T>(p.n, other_weight, other_sum, Nothing{},
                          [&](std::int64_t i, auto, auto how_) SOFTGRAD_BODY {
                              const Vec<T> w = how_.load(map.p + i);
                              const Vec<T> v = map.life.kept(how_.load(map.g + i), i, how_);
                              return Two<T>{without.in(w, i, how_), without.in(v, i, how_)};
                          });
            map.top.value = narrowed<V>(other_weight.total().rounded() * all -
                                        other_sum.total().rounded());
        }
        return {map, y + start_of(r, p.n), p.n};
    }
};

constexpr std::int64_t cached_row = 1 << 19;

template <class S, class N>
SOFTGRAD_INLINE Rows<S, N> cached_rows(const Job& job, int k, N n, std::int64_t last) {
    return {job.input<S>(k), n, last, cached_row};
}

// Runs a kernel of weights, t or g, and perhaps a mask, whose rows are `Row<N>`.
template <class S, template <class, class> class Row>
void centred_rows(const Job& job, std::int64_t first, std::int64_t last) {
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const Row<S, decltype(n)> row{cached_rows<S>(job, 0, n, last),
                                      cached_rows<S>(job, 1, n, last), job.input<std::uint8_t>(2),
                                      job.output<S>(0)};
        each_row_read_twice<S>(row, job, first, last, cached_row);
    });
}

template <class S, class N>
using WeightedRow = CentredRow<S, true, N>;
template <class S, class N>
using PlainRow = CentredRow<S, false, N>;

template <class S>
constexpr Kernel weighted_centering = centred_rows<S, WeightedRow>;
template <class S>
constexpr Kernel centering = centred_rows<S, PlainRow>;
template <class S>
constexpr Kernel centering_transposed = centred_rows<S, TransposedRow>;

}  // namespace
}  // namespace softgrad
