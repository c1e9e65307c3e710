using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Scale and offset of both halves of a run.</summary>
public struct RunScale
{
    public float Low, High, LowOffset, HighOffset;
}
