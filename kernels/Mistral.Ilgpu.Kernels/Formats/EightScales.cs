using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Scales and offsets of both halves of eight runs; <see cref="High"/> means nothing where halves do not differ, nor do
/// offsets where there are none.</summary>
public struct EightScales
{
    public Vector256<float> Low, High, LowOffset, HighOffset;
}
