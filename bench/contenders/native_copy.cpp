// Copies and fills memory as fast as the machine can: what softgrad's speed is measured by. Large
// results go past the caches, small ones into them. Elsewhere than on x86-64 the C library decides.
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <immintrin.h>
#if defined(__AVX512F__)
using Vector = __m512i;
static Vector load(const char* at) { return _mm512_loadu_si512(at); }
static void stream(char* at, Vector v) { _mm512_stream_si512(reinterpret_cast<Vector*>(at), v); }
static Vector zero() { return _mm512_setzero_si512(); }
#elif defined(__AVX__)
using Vector = __m256i;
static Vector load(const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const Vector*>(at));
}
static void stream(char* at, Vector v) { _mm256_stream_si256(reinterpret_cast<Vector*>(at), v); }
static Vector zero() { return _mm256_setzero_si256(); }
#else
using Vector = __m128i;
static Vector load(const char* at) { return _mm_loadu_si128(reinterpret_cast<const Vector*>(at)); }
static void stream(char* at, Vector v) { _mm_stream_si128(reinterpret_cast<Vector*>(at), v); }
static Vector zero() { return _mm_setzero_si128(); }
#endif

// Streams what lies on whole vectors of `to`, and hands the two ends to `rest(offset, bytes)`.
template <class Value, class Rest>
static void streamed(char* to, std::size_t bytes, Value value, Rest rest) {
    constexpr std::size_t width = sizeof(Vector);
    std::size_t at = (width - reinterpret_cast<std::uintptr_t>(to) % width) % width;
    if (at > bytes) at = bytes;
    rest(0, at);
    for (; at + width <= bytes; at += width) stream(to + at, value(at));
    rest(at, bytes - at);
    _mm_sfence();
}
#endif

extern "C" void copy(char* to, const char* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
}

extern "C" void copy_past_caches(char* to, const char* from, std::size_t bytes) {
#ifdef __SSE2__
    streamed(to, bytes, [=](std::size_t at) { return load(from + at); },
             [=](std::size_t at, std::size_t some) { std::memcpy(to + at, from + at, some); });
#else
    std::memcpy(to, from, bytes);
#endif
}

extern "C" void fill_past_caches(char* to, const char*, std::size_t bytes) {
#ifdef __SSE2__
    streamed(to, bytes, [](std::size_t) { return zero(); },
             [=](std::size_t at, std::size_t some) { std::memset(to + at, 0, some); });
#else
    std::memset(to, 0, bytes);
#endif
}
