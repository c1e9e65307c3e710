namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A lane's part of a 16 × 8 matrix of sums, as <c>mma.m16n8</c> has it (PTX ISA, 9.7.13). It is two neighbours at row lane / 4
/// and column 2 × (lane mod 4), and two 8 rows below.
/// </summary>
internal struct Sums16x8
{
    public float A, B, C, D;
}
