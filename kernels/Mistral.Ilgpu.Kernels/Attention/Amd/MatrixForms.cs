using Mistral.Ilgpu.Kernels.Attention.Waves;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>The forms of attention on matrix cores, for tiles of <see cref="AttentionBlock.MaxQueries"/> queries.</summary>
public static class MatrixForms
{
    /// <summary>Items of a group: two for each query, whatever the size of a wave.</summary>
    public const int GroupSize = 2 * AttentionBlock.MaxQueries;

    /// <summary>The longest head; outputs of longer ones leave too few registers.</summary>
    public const int LongestHead = 128;

    /// <summary>The rooms for a head; heads of other sizes take the next larger one.</summary>
    public static IReadOnlyList<Type> Rooms { get; } = [typeof(HeadOf64), typeof(HeadOf128)];

    /// <summary>What matrix cores multiply, how a cache is read, its elements, and what a load brings.</summary>
    public static IReadOnlyList<(Type Pairs, Type Pieces, Type Element, Type Bits)> Formats { get; } =
    [
        (typeof(BFloat16Pairs), typeof(HalfPieces), typeof(ushort), typeof(Pack)),
        (typeof(Float16Pairs), typeof(HalfPieces), typeof(ushort), typeof(Pack)),
        (typeof(Float16Pairs), typeof(QuantPieces), typeof(sbyte), typeof(EightBytes)),
    ];
}
