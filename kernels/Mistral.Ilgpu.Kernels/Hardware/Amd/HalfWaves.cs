using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>Exchanges with the lane in the same place of the wave's other half.</summary>
internal static class HalfWaves
{
    /// <summary>What that lane has.</summary>
    /// <param name="lanes">Of a wave.</param>
    [Wave("result = wave_other_half(value);"), IntrinsicImplementation]
    public static uint Other(uint value, int lanes) => Warp.ShuffleXor(value, lanes / 2);

    [Wave("result = as_float(wave_other_half(as_int(value)));"), IntrinsicImplementation]
    public static float Other(float value, int lanes) => Warp.ShuffleXor(value, lanes / 2);

    /// <summary>The same for bodies in C# alone: matrix cores read other lanes' registers themselves.</summary>
    [Wave("result = 0;"), IntrinsicImplementation]
    public static uint OtherInBodies(uint value, int lanes) => Warp.ShuffleXor(value, lanes / 2);
}
