using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Attention.Waves;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>Eight bits with a scale for each run (<see cref="Formats.Int8Cache"/>): multiplied by it and rounded.</summary>
public readonly struct QuantPieces : IPieceFormat<sbyte, EightBytes>
{
    static bool IPieceFormat<sbyte, EightBytes>.IsScaled => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Pack IPieceFormat<sbyte, EightBytes>.Piece<TCore>(EightBytes bits, Eight scales)
    {
        var numbers = EightQuants.Decode(bits) * scales;
        return new Pack
        {
            A = TCore.Pair(numbers.A, numbers.B),
            B = TCore.Pair(numbers.C, numbers.D),
            C = TCore.Pair(numbers.E, numbers.F),
            D = TCore.Pair(numbers.G, numbers.H),
        };
    }
}
