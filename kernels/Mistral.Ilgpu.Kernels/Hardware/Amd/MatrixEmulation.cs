namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// The instructions of matrix cores as functions of OpenCL C that any device runs. Each lane puts its fragments in the local
/// memory
/// <c>wave_room</c>, and takes those of its wave that its sums need. Which lane has what is as AMD's manuals of the instruction
/// sets say: RDNA3, 7.9; RDNA4, 7.12; CDNA3, 7.1. On RDNA3 both half waves have both matrices. A lane takes one from its own half
/// and the other from the other half, so that each copy counts.
/// </summary>
internal static class MatrixEmulation
{
    /// <summary>Words of <c>wave_room</c> for an item.</summary>
    internal const int WordsOfRoom = 16;

    // No function is static: a compiler puts the address of the room into static ones, and PoCL then has one room for all groups.
    internal const string Text = """
        #define wave_put(first, second, room) { \
          barrier(CLK_LOCAL_MEM_FENCE); \
          vstore8(first, 0, room + 16 * get_local_id(0)); \
          vstore8(second, 0, room + 16 * get_local_id(0) + 8); \
          barrier(CLK_LOCAL_MEM_FENCE); }
        #define wave_products(format) \
        float8 wave_room_wmma_##format(uint8 t, uint8 w, float8 s, local uint* room) { \
          wave_put(t, w, room) \
          int lane = get_local_id(0) & 31, half_wave = lane & 16; \
          local const uint* wave = room + 16 * (get_local_id(0) - lane); \
          local const uint* row = wave + 16 * ((half_wave ^ 16) + (lane & 15)) + 8; \
          float sums[8]; vstore8(s, 0, sums); \
          for (int i = 0; i < 8; i++) { \
            local const uint* token = wave + 16 * (half_wave + 2 * i + (lane >> 4)); \
            for (int k = 0; k < 8; k++) sums[i] = wave_dot2_##format(sums[i], token[k], row[k]); \
          } \
          return vload8(0, sums); \
        } \
        float8 wave_room_wmma12_##format(uint4 t, uint4 w, float8 s, local uint* room) { \
          wave_put((uint8)(t, (uint4)(0)), (uint8)(w, (uint4)(0)), room) \
          int lane = get_local_id(0) & 31; \
          local const uint* wave = room + 16 * (get_local_id(0) - lane); \
          float sums[8]; vstore8(s, 0, sums); \
          for (int i = 0; i < 8; i++) for (int part = 0; part < 32; part += 16) { \
            local const uint* token = wave + 16 * (part + i + 8 * (lane >> 4)); \
            local const uint* row = wave + 16 * (part + (lane & 15)) + 8; \
            for (int k = 0; k < 4; k++) sums[i] = wave_dot2_##format(sums[i], token[k], row[k]); \
          } \
          return vload8(0, sums); \
        } \
        float16 wave_room_mfma_##format(uint4 t, uint4 w, float16 s, local uint* room) { \
          wave_put((uint8)(t, (uint4)(0)), (uint8)(w, (uint4)(0)), room) \
          int lane = get_local_id(0) & 63; \
          local const uint* wave = room + 16 * (get_local_id(0) - lane); \
          float sums[16]; vstore16(s, 0, sums); \
          for (int product = 0; product < 4; product += 2) for (int i = 0; i < 16; i++) \
          for (int part = 0; part < 64; part += 32) { \
            local const uint* token = wave + 16 * (part + 8 * (i >> 2) + 4 * (lane >> 5) + (i & 3)) + product; \
            local const uint* row = wave + 16 * (part + (lane & 31)) + 8 + product; \
            for (int k = 0; k < 2; k++) sums[i] = wave_dot2_##format(sums[i], token[k], row[k]); \
          } \
          return vload16(0, sums); \
        }
        wave_products(bf16)
        wave_products(f16)
        #define wave_wmma_bf16(t, w, s) wave_room_wmma_bf16(t, w, s, (local uint*)wave_room)
        #define wave_wmma_f16(t, w, s) wave_room_wmma_f16(t, w, s, (local uint*)wave_room)
        #define wave_wmma12_bf16(t, w, s) wave_room_wmma12_bf16(t, w, s, (local uint*)wave_room)
        #define wave_wmma12_f16(t, w, s) wave_room_wmma12_f16(t, w, s, (local uint*)wave_room)
        #define wave_mfma_bf16(t, w, s) wave_room_mfma_bf16(t, w, s, (local uint*)wave_room)
        #define wave_mfma_f16(t, w, s) wave_room_mfma_f16(t, w, s, (local uint*)wave_room)
        """;
}
