using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Four quants of each half of a run.</summary>
internal struct UnevenFours
{
    public uint Low, High;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Of(int half) => half == 0 ? Low : High;
}
