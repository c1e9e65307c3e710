namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Tells what a compiler of OpenCL C accepts, by tiny programs. Names of devices are never asked, because drivers of one device
/// differ.
/// </summary>
internal static class WaveProbe
{
    /// <summary>The name of the programs' kernel.</summary>
    public const string Name = "probe";

    private static readonly (WaveFeatures Feature, string Name, string Program)[] Programs =
    [
        (WaveFeatures.Dpp, "WAVE_DPP", OfInts(
            "__builtin_amdgcn_ds_swizzle(__builtin_amdgcn_update_dpp(a, a, 0xB1, 15, 15, true), 0x101F)")),
        (WaveFeatures.Shuffle, "WAVE_SHUFFLE",
            "#pragma OPENCL EXTENSION cl_khr_subgroup_shuffle : enable\n" + OfInts("sub_group_shuffle_xor(a, 1u)")),
        (WaveFeatures.Sdot4, "WAVE_SDOT4", OfInts("__builtin_amdgcn_sdot4(a, b, a, false)")),
        (WaveFeatures.Sudot4, "WAVE_SUDOT4", OfInts("__builtin_amdgcn_sudot4(true, a, true, b, a, false)")),
        (WaveFeatures.Dot, "WAVE_DOT",
            "#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable\n" + OfInts("dot_4x8packed_ss_int((uint)a, (uint)b)")),
        (WaveFeatures.Perm, "WAVE_PERM", OfInts("(int)__builtin_amdgcn_perm((uint)a, (uint)b, 0x03020100u)")),
        (WaveFeatures.Wmma, "WAVE_WMMA", OfMatrices(
            8, 16, "__builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(a, a, c)")),
        (WaveFeatures.Wmma12, "WAVE_WMMA12", OfMatrices(
            8, 8, "__builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(a, a, c)")),
        (WaveFeatures.Mfma, "WAVE_MFMA", OfMatrices(
            16, 4, "__builtin_amdgcn_mfma_f32_32x32x8bf16_1k(a, a, c, 0, 0, 0)")),
        (WaveFeatures.Fdot2, "WAVE_FDOT2",
            "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n" + OfInts(
                "as_int(__builtin_amdgcn_fdot2(as_half2(a), as_half2(b), as_float(a), false))")),
        // Clang knows the attribute on every device.
        (WaveFeatures.Width16, "WAVE_WIDTH16",
            $"#ifndef {WavePrelude.RequiredWidth}\n#error\n#endif\n{WavePrelude.Asks16} {OfInts("a + b")}"),
    ];

    /// <summary>All programs: what an answer is for.</summary>
    public static string Text { get; } = string.Concat(Programs.Select(probe => probe.Program));

    /// <summary>What a compiler accepts.</summary>
    /// <param name="accepts">Whether it accepts a program.</param>
    public static WaveFeatures Of(Func<string, bool> accepts) => Programs
        .Where(probe => accepts(probe.Program))
        .Aggregate(WaveFeatures.None, (all, probe) => all | probe.Feature);

    /// <summary>The definitions for <see cref="WavePrelude"/>.</summary>
    public static string Definitions(WaveFeatures features) => string.Concat(
        Programs.Where(probe => features.HasFlag(probe.Feature)).Select(probe => $"#define {probe.Name}\n")
            .Append(features.HasFlag(WaveFeatures.Emulated32) ? $"#define {WavePrelude.Emulated} 32\n" : "")
            .Append(features.HasFlag(WaveFeatures.Emulated64) ? $"#define {WavePrelude.Emulated} 64\n" : ""));

    private static string OfInts(string value) =>
        $"kernel void probe(global int* x) {{ int a = x[0], b = x[1]; x[2] = {value}; }}";

    private static string OfMatrices(int sums, int factors, string value) => $$"""
        typedef float sums __attribute__((ext_vector_type({{sums}})));
        typedef short factors __attribute__((ext_vector_type({{factors}})));
        kernel void probe(global sums* x, global factors* y) { factors a = y[0]; sums c = x[0]; x[1] = {{value}}; }
        """;
}
