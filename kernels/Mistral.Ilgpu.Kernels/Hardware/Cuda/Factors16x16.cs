namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A thread's part of a 16 × 16 matrix of 16-bit numbers that its warp multiplies with, as <c>mma.m16n8k16</c> takes it (PTX ISA,
/// 9.7.13). With row = lane / 4 and column = 2 × (lane mod 4): two neighbours from there, from 8 rows below, and both 8 columns
/// on.
/// </summary>
internal struct Factors16x16
{
    public uint A, B, C, D;
}
