using System.Globalization;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// What the statements of <see cref="MatrixProducts"/> and <see cref="HalfPairs"/> call, in OpenCL C. A fragment's first four
/// fields are eight numbers and its next four eight more. <c>WAVE_WMMA</c>, <c>WAVE_WMMA12</c>, <c>WAVE_MFMA</c> and
/// <c>WAVE_FDOT2</c> say which builtins the compiler takes. <c>WAVE_EMULATED</c> replaces all, see <see cref="MatrixEmulation"/>.
/// </summary>
public static class MatrixPrelude
{
    /// <summary>Declares the local memory that emulated waves exchange values in.</summary>
    public static readonly string Room = string.Create(
        CultureInfo.InvariantCulture, $"local int wave_room[{MatrixTile.GroupSize * MatrixEmulation.WordsOfRoom}];");

    /// <summary>Whether a text has statements that call this.</summary>
    public static bool IsUsed(string text) => Names.Any(name => text.Contains(name, StringComparison.Ordinal));

    /// <summary>What stands before the text of a kernel.</summary>
    public static string For(string text) =>
        $"{Text}\n{(text.Contains(MatrixTile.KeepsWaves, StringComparison.Ordinal) ? $"{Waves}\n" : "")}"
        + (text.Contains("wave_other_half(", StringComparison.Ordinal) ? $"{Attention}\n" : "");

    private static readonly string[] Names =
    [
        "wave_wmma(", "wave_wmma12(", "wave_mfma(", "wave_dot2_", "wave_half_pair(", "wave_halves(", "wave_bfloats(",
        "wave_load_piece(", "wave_store_piece(",
    ];

    // A group has 32 KiB. On RDNA two compute units have 128 KiB and four SIMDs: four groups of eight waves, eight waves to a
    // SIMD. On CDNA one has 64 KiB and four SIMDs: two groups of four waves, two waves to a SIMD.
    // Groups of attention are half as large, and have half of that.
    private const string Waves = """
        #define wave_keeps_waves
        #if defined(WAVE_DPP)
        #define wave_begun() __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "wavefront")
        #define wave_uniform(number) __builtin_amdgcn_readfirstlane(number)
        #else
        #define wave_begun()
        #define wave_uniform(number) (number)
        #endif
        #if defined(WAVE_EMULATED)
        #elif defined(WAVE_WMMA) || defined(WAVE_WMMA12)
        #define kernel __kernel __attribute__((amdgpu_waves_per_eu(8)))
        #elif defined(WAVE_MFMA)
        #define kernel __kernel __attribute__((amdgpu_waves_per_eu(2)))
        #endif
        """;

    // What attention needs beyond products. Between rows of 16 lanes there is an instruction (RDNA3 ISA, v_permlanex16_b32).
    // Halves of a wave of 64 go through the local memory's crossbar. The library's power of two also scales what is denormal.
    private const string Attention = """
        #if defined(WAVE_DPP) && !defined(WAVE_EMULATED)
        static inline int wave_kept(int value) { __asm__ volatile("" : "+v"(value)); return value; }
        #else
        #define wave_kept(value) (value)
        #endif
        #if defined(__has_builtin) && !defined(WAVE_EMULATED)
        #if __has_builtin(__builtin_amdgcn_exp2f)
        #define wave_exp2(x) __builtin_amdgcn_exp2f(x)
        #endif
        #endif
        #if !defined(wave_exp2)
        #define wave_exp2(x) native_exp2(x)
        #endif
        #if defined(WAVE_EMULATED)
        #define wave_other_half(value) wave_exchange((int)(value), (int)get_local_id(0) ^ (WAVE_EMULATED / 2), wave_room)
        #elif defined(WAVE_MFMA)
        static inline int wave_other_half(int value) {
          return __builtin_amdgcn_ds_bpermute((((int)get_local_id(0) ^ 32) & 63) << 2, value);
        }
        #else
        static inline int wave_other_half(int value) {
          return (int)__builtin_amdgcn_permlanex16((uint)value, (uint)value, 0x76543210u, 0xfedcba98u, false, false);
        }
        #endif
        """;

    private const string Text = $"""
        {Numbers}
        {Structs}
        #if defined(WAVE_EMULATED)
        {MatrixEmulation.Text}
        #else
        {Builtins}
        #endif
        """;

    // Rounding to half is by bits where there is no such type.
    private const string Numbers = """
        #if defined(cl_khr_fp16) && !defined(WAVE_EMULATED)
        #pragma OPENCL EXTENSION cl_khr_fp16 : enable
        static inline uint wave_halves(float low, float high) { return as_uint((half2)((half)low, (half)high)); }
        #else
        static inline uint wave_half_bits(float value) {
          uint bits = as_uint(value), size = bits & 0x7fffffffu;
          uint half_size = size >= 0x477ff000u ? 0x7c00u
            : size < 0x38800000u ? as_uint(as_float(size) + 0.5f) - 0x3f000000u
            : (size - 0x38000000u + 0xfffu + ((size >> 13) & 1)) >> 13;
          return ((bits >> 16) & 0x8000u) | half_size;
        }
        static inline uint wave_halves(float low, float high) { return wave_half_bits(low) | (wave_half_bits(high) << 16); }
        #endif
        static inline uint wave_bfloat(float value) {
          uint bits = as_uint(value);
          return (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
        }
        static inline uint wave_bfloats(float low, float high) { return wave_bfloat(low) | (wave_bfloat(high) << 16); }
        #if defined(WAVE_PERM) && defined(WAVE_DPP) && !defined(WAVE_EMULATED)
        // Two bytes become the last bits of halves, 1024 + byte. In assembly, because the compiler rounds to halves one by one
        // where it finds two to multiply at once.
        static inline uint wave_half_pair(uint bytes, int first, float scale, float offset) {
          uint pair = __builtin_amdgcn_perm(0x64646464u, bytes, first == 0 ? 0x04010400u : 0x04030402u), halves;
          float less = fma(-1024.0f, scale, offset);
          __asm__("v_fma_mixlo_f16 %0, %1, %2, %3 op_sel_hi:[1,0,0]" : "=v"(halves) : "v"(pair), "v"(scale), "v"(less));
          __asm__("v_fma_mixhi_f16 %0, %1, %2, %3 op_sel:[1,0,0] op_sel_hi:[1,0,0]"
            : "+v"(halves) : "v"(pair), "v"(scale), "v"(less));
          return halves;
        }
        #else
        static inline uint wave_half_pair(uint bytes, int first, float scale, float offset) {
          float low = (float)((bytes >> (8 * first)) & 255), high = (float)((bytes >> (8 * first + 8)) & 255);
          return wave_halves(fma(low, scale, offset), fma(high, scale, offset));
        }
        #endif
        static inline float wave_dot2_bf16(float sum, uint x, uint w) {
          return fma(as_float(x & 0xffff0000u), as_float(w & 0xffff0000u), fma(as_float(x << 16), as_float(w << 16), sum));
        }
        #if defined(WAVE_FDOT2) && !defined(WAVE_EMULATED)
        static inline float wave_dot2_f16(float sum, uint x, uint w) {
          return __builtin_amdgcn_fdot2(__builtin_astype(x, half2), __builtin_astype(w, half2), sum, false);
        }
        #else
        static inline float wave_half_value(uint bits) {
          return as_float((uint)(((int)(bits << 16) >> 3) & (int)0x8fffe000)) * 5.192296858534828e33f;
        }
        static inline float wave_dot2_f16(float sum, uint x, uint w) {
          return fma(wave_half_value(x >> 16), wave_half_value(w >> 16), fma(wave_half_value(x), wave_half_value(w), sum));
        }
        #endif
        """;

    private const string Structs = """
        #define wave_load_piece(result, from) { uint4 wave_piece = *(local const uint4*)(from); \
          (result).field_0 = wave_piece.x; (result).field_1 = wave_piece.y; \
          (result).field_2 = wave_piece.z; (result).field_3 = wave_piece.w; }
        #define wave_store_piece(to, piece) *(local uint4*)(to) = wave_low(piece);
        #define wave_low(f) (uint4)((f).field_0, (f).field_1, (f).field_2, (f).field_3)
        #define wave_high(f) (uint4)((f).field_4, (f).field_5, (f).field_6, (f).field_7)
        #define wave_eight(s) \
          (float8)((s).field_0, (s).field_1, (s).field_2, (s).field_3, (s).field_4, (s).field_5, (s).field_6, (s).field_7)
        #define wave_sixteen(s) (float16)(wave_eight(s), \
          (s).field_8, (s).field_9, (s).field_10, (s).field_11, (s).field_12, (s).field_13, (s).field_14, (s).field_15)
        #define wave_to_eight(s, v) \
          (s).field_0 = (v).s0; (s).field_1 = (v).s1; (s).field_2 = (v).s2; (s).field_3 = (v).s3; \
          (s).field_4 = (v).s4; (s).field_5 = (v).s5; (s).field_6 = (v).s6; (s).field_7 = (v).s7;
        #define wave_to_sixteen(s, v) wave_to_eight(s, v) \
          (s).field_8 = (v).s8; (s).field_9 = (v).s9; (s).field_10 = (v).sa; (s).field_11 = (v).sb; \
          (s).field_12 = (v).sc; (s).field_13 = (v).sd; (s).field_14 = (v).se; (s).field_15 = (v).sf;
        #define wave_wmma(result, sums, tokens, weights, format) { float8 wave_sums = wave_wmma_##format( \
          (uint8)(wave_low(tokens), wave_high(tokens)), (uint8)(wave_low(weights), wave_high(weights)), wave_eight(sums)); \
          wave_to_eight(result, wave_sums) }
        #define wave_wmma12(result, sums, tokens, weights, format) { float8 wave_sums = wave_wmma12_##format( \
          wave_low(tokens), wave_low(weights), wave_eight(sums)); \
          wave_to_eight(result, wave_sums) }
        #define wave_mfma(result, sums, tokens, weights, format) { float16 wave_sums = wave_mfma_##format( \
          wave_low(tokens), wave_low(weights), wave_sixteen(sums)); \
          wave_to_sixteen(result, wave_sums) }
        """;

    private const string Builtins = """
        #if defined(WAVE_WMMA)
        typedef short wave_shorts __attribute__((ext_vector_type(16)));
        typedef half wave_half16 __attribute__((ext_vector_type(16)));
        static inline float8 wave_wmma_bf16(uint8 t, uint8 w, float8 s) {
          return __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(
            __builtin_astype(t, wave_shorts), __builtin_astype(w, wave_shorts), s);
        }
        static inline float8 wave_wmma_f16(uint8 t, uint8 w, float8 s) {
          return __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(
            __builtin_astype(t, wave_half16), __builtin_astype(w, wave_half16), s);
        }
        #elif defined(WAVE_WMMA12)
        typedef short wave_shorts __attribute__((ext_vector_type(8)));
        typedef half wave_half8 __attribute__((ext_vector_type(8)));
        static inline float8 wave_wmma12_bf16(uint4 t, uint4 w, float8 s) {
          return __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(
            __builtin_astype(t, wave_shorts), __builtin_astype(w, wave_shorts), s);
        }
        static inline float8 wave_wmma12_f16(uint4 t, uint4 w, float8 s) {
          return __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(
            __builtin_astype(t, wave_half8), __builtin_astype(w, wave_half8), s);
        }
        #elif defined(WAVE_MFMA)
        typedef short wave_shorts __attribute__((ext_vector_type(4)));
        typedef half wave_half4 __attribute__((ext_vector_type(4)));
        static inline float16 wave_mfma_bf16(uint4 t, uint4 w, float16 s) {
          s = __builtin_amdgcn_mfma_f32_32x32x8bf16_1k(
            __builtin_astype(t.xy, wave_shorts), __builtin_astype(w.xy, wave_shorts), s, 0, 0, 0);
          return __builtin_amdgcn_mfma_f32_32x32x8bf16_1k(
            __builtin_astype(t.zw, wave_shorts), __builtin_astype(w.zw, wave_shorts), s, 0, 0, 0);
        }
        static inline float16 wave_mfma_f16(uint4 t, uint4 w, float16 s) {
          s = __builtin_amdgcn_mfma_f32_32x32x8f16(
            __builtin_astype(t.xy, wave_half4), __builtin_astype(w.xy, wave_half4), s, 0, 0, 0);
          return __builtin_amdgcn_mfma_f32_32x32x8f16(
            __builtin_astype(t.zw, wave_half4), __builtin_astype(w.zw, wave_half4), s, 0, 0, 0);
        }
        #endif
        """;
}
