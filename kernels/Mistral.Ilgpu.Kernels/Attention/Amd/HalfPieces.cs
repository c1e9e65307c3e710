using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Attention.Waves;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>A cache in the format that the matrix core multiplies: taken as it is.</summary>
public readonly struct HalfPieces : IPieceFormat<ushort, Pack>
{
    static bool IPieceFormat<ushort, Pack>.IsScaled => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Pack IPieceFormat<ushort, Pack>.Piece<TCore>(Pack bits, Eight scales) => bits;
}
