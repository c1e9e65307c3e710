using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// Activations in eight bits, four packed in an int, for products of whole numbers on GPUs. Values is tokens × stride bytes. For
/// each run A is the scale; B and C are the sums of its two halves after quantization, as in <see cref="Int8Input"/>.
/// </summary>
public readonly record struct PackedInput(ArrayView<uint> Values, ArrayView<Floats4> Runs, int Stride)
{
    /// <summary>Whether there is room at all; kernels take no bool.</summary>
    public bool Exists
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Stride > 0;
    }
}
