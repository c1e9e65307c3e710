using System.Globalization;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// The functions of OpenCL C that statements of <see cref="WaveAttribute"/> call. Which instructions they use is defined before
/// them: a name for each that the device's compiler accepts. Where waves are emulated, or have 16 lanes, <see cref="Room"/>
/// stands at the beginning of the kernel.
/// </summary>
public static class WavePrelude
{
    /// <summary>The most items of a group of waves.</summary>
    public const int MostItems = 256;

    /// <summary>The name that says that waves are emulated; its value is their width.</summary>
    public const string Emulated = "WAVE_EMULATED";

    /// <summary>Declares the local memory through which lanes exchange values that are not of one wave.</summary>
    public static readonly string Room =
        string.Create(CultureInfo.InvariantCulture, $"local int wave_room[{MostItems}];");

    /// <summary>The extension by which a kernel chooses the width of its waves.</summary>
    public const string RequiredWidth = "cl_intel_required_subgroup_size";

    /// <summary>What a kernel's declaration begins with to have waves of 16.</summary>
    public const string Asks16 = "__attribute__((intel_reqd_sub_group_size(16)))";

    /// <summary>The name that stands for <see cref="Asks16"/> where a device has several widths.</summary>
    public const string Width = "WAVE_WIDTH";

    /// <summary>
    /// The functions. On AMD, neighbours among 16 lanes are reached by data-parallel primitives: a permutation of four (xor 1
    /// and 2) and a rotation of 16 (xor 8). Others take a swizzle, which needs no memory either (RDNA3 ISA, 7.9.1 and 12.1).
    /// What takes the room is not static: a compiler puts the address into static functions, and PoCL then has one room for all
    /// groups. A product of four bytes is one instruction, or is spelled out.
    /// </summary>
    public const string Functions = $$"""
        #if defined(WAVE_EMULATED) || defined(WAVE_WIDTH16)
        int wave_exchange(int value, int from, local int* room)
        {
          barrier(CLK_LOCAL_MEM_FENCE);
          room[get_local_id(0)] = value;
          barrier(CLK_LOCAL_MEM_FENCE);
          return room[from];
        }
        #endif
        #if defined(WAVE_EMULATED)
        #define wave_xor_int(value, mask) wave_exchange(value, (int)get_local_id(0) ^ (mask), wave_room)
        #define wave_lane_int(value, lane) wave_exchange(value, ((int)get_local_id(0) & ~31) | (lane), wave_room)
        #elif defined(WAVE_DPP)
        static int wave_xor_int(int value, int mask)
        {
          switch (mask)
          {
            case 1: return __builtin_amdgcn_update_dpp(value, value, 0xB1, 15, 15, true);
            case 2: return __builtin_amdgcn_update_dpp(value, value, 0x4E, 15, 15, true);
            case 4: return __builtin_amdgcn_ds_swizzle(value, 0x101F);
            case 8: return __builtin_amdgcn_update_dpp(value, value, 0x128, 15, 15, true);
            default: return __builtin_amdgcn_ds_swizzle(value, 0x401F);
          }
        }
        static int lane_of(int lane) { return ((int)get_local_id(0) & (__builtin_amdgcn_wavefrontsize() - 32)) | lane; }
        static int wave_lane_int(int value, int lane) { return __builtin_amdgcn_ds_bpermute(lane_of(lane) << 2, value); }
        #elif defined(WAVE_SHUFFLE)
        #pragma OPENCL EXTENSION cl_khr_subgroup_shuffle : enable
        #if defined(WAVE_WIDTH16)
        #if defined({{RequiredWidth}})
        #define {{Width}} {{Asks16}}
        #else
        #define {{Width}}
        #endif
        #define wave_xor_int(value, mask) ((mask) < 16 ? sub_group_shuffle_xor(value, (uint)(mask)) \
          : wave_exchange(value, (int)get_local_id(0) ^ (mask), wave_room))
        #define wave_lane_int(value, lane) wave_exchange(value, ((int)get_local_id(0) & ~31) | (lane), wave_room)
        #else
        static int wave_xor_int(int value, int mask) { return sub_group_shuffle_xor(value, (uint)mask); }
        static uint lane_of(int lane) { return (get_sub_group_local_id() & ~31u) | (uint)lane; }
        static int wave_lane_int(int value, int lane) { return sub_group_shuffle(value, lane_of(lane)); }
        #endif
        #endif
        #define wave_xor_float(value, mask) as_float(wave_xor_int(as_int(value), mask))
        #define wave_lane_float(value, lane) as_float(wave_lane_int(as_int(value), lane))

        #if defined(WAVE_DPP)
        #define wave_fence() __builtin_amdgcn_sched_barrier(0)
        #else
        #define wave_fence()
        #endif

        #if defined(WAVE_SUDOT4)
        static int wave_dot4(int sum, int a, int b) { return __builtin_amdgcn_sudot4(true, a, true, b, sum, false); }
        #elif defined(WAVE_SDOT4)
        static int wave_dot4(int sum, int a, int b) { return __builtin_amdgcn_sdot4(a, b, sum, false); }
        #elif defined(WAVE_DOT)
        #pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable
        static int wave_dot4(int sum, int a, int b) { return sum + dot_4x8packed_ss_int((uint)a, (uint)b); }
        #else
        static int wave_dot4(int sum, int a, int b)
        {
          int4 p = convert_int4(as_char4(a)) * convert_int4(as_char4(b));
          return sum + p.x + p.y + p.z + p.w;
        }
        #endif

        static float wave_half(ushort bits) { return vload_half(0, (const private half*)&bits); }

        #if defined(WAVE_DPP) && defined(WAVE_MFMA)
        // One instruction, as fast as a shift of 32 bits on CDNA2 and CDNA3 alone.
        static ulong wave_shift(ulong pair, int bits)
        {
          if (__builtin_constant_p(bits) && bits == 0) return pair;
          // In assembly, because the compiler makes three instructions of it where the number is a constant.
          ulong shifted;
          __asm__("v_lshrrev_b64 %0, %1, %2" : "=v"(shifted) : "v"(bits), "v"(pair));
          return shifted;
        }
        #else
        static ulong wave_shift(ulong pair, int bits) { return as_ulong(as_uint2(pair) >> (uint2)((uint)bits)); }
        #endif

        #if defined(WAVE_DPP)
        static uint wave_spread(uint bits)
        {
          // In assembly, because the compiler takes a product of 32 bits.
          uint product;
          __asm__("v_mul_u32_u24 %0, %1, %2" : "=v"(product) : "s"(0x00204081), "v"(bits & 15));
          return product & 0x01010101;
        }
        #else
        static uint wave_spread(uint bits) { return ((bits & 15) * 0x00204081) & 0x01010101; }
        #endif

        #if defined(WAVE_DPP) && (defined(WAVE_SDOT4) || defined(WAVE_SUDOT4))
        // GPUs with products of four bytes have it too. In assembly, because the compiler converts first where it finds two to
        // multiply at once.
        static float wave_low_times(uint pair, float x)
        {
          float product;
          __asm__("v_fma_mix_f32 %0, %1, %2, 0 op_sel_hi:[1,0,0]" : "=v"(product) : "v"(pair), "v"(x));
          return product;
        }
        static float wave_high_times(uint pair, float x)
        {
          float product;
          __asm__("v_fma_mix_f32 %0, %1, %2, 0 op_sel:[1,0,0] op_sel_hi:[1,0,0]" : "=v"(product) : "v"(pair), "v"(x));
          return product;
        }
        static float wave_low_fma(uint pair, float x, float added)
        {
          float sum;
          __asm__("v_fma_mix_f32 %0, %1, %2, %3 op_sel_hi:[1,0,0]" : "=v"(sum) : "v"(pair), "v"(x), "v"(added));
          return sum;
        }
        #else
        static float wave_low_times(uint pair, float x) { return fma(wave_half((ushort)pair), x, 0.0f); }
        static float wave_high_times(uint pair, float x) { return fma(wave_half((ushort)(pair >> 16)), x, 0.0f); }
        static float wave_low_fma(uint pair, float x, float added) { return fma(wave_half((ushort)pair), x, added); }
        #endif

        static uint wave_halved(uint word) { return as_uint(as_short2(word) >> (short2)(1)); }
        """;

    /// <summary>The values that the lower four bits of each byte choose, see <see cref="Lanes.UnevenValues"/>. The word comes
    /// shifted right by one too.</summary>
    public static readonly string Uneven = $$"""
        static uint wave_uneven(uint word, uint halved)
        {
          ulong lower = {{Lanes.UnevenValues.Lower}}UL, upper = {{Lanes.UnevenValues.Upper}}UL;
        #if defined(WAVE_PERM)
          uint chosen = word & 0x07070707, place = (halved & 0x04040404) | 0x03020100;
        #if defined(WAVE_SDOT4)
          // In assembly, because the compiler makes two instructions of it where one has no room for both constants.
          __asm__("v_and_or_b32 %0, %1, %2, %3" : "=v"(place) : "v"(halved), "s"(0x04040404), "v"(0x03020100));
        #endif
          return __builtin_amdgcn_perm(
            __builtin_amdgcn_perm((uint)(upper >> 32), (uint)upper, chosen),
            __builtin_amdgcn_perm((uint)(lower >> 32), (uint)lower, chosen), place);
        #else
          uint values = 0;
          for (int shift = 0; shift < 32; shift += 8)
          {
            uint i = (word >> shift) & 15;
            values |= (uint)(((i < 8 ? lower : upper) >> (8 * (i & 7))) & 255) << shift;
          }
          return values;
        #endif
        }
        """;
}
