using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>The forms of attention by waves.</summary>
public static class WaveForms
{
    /// <summary>Items of a group.</summary>
    public const int GroupSize = Team.GroupSize;

    /// <summary>Queries, tokens × heads that share a kv head, of a tile of a prompt.</summary>
    public const int PromptQueries = PromptRoom.Rows;

    /// <summary>How a cache is read, its elements, and what a load brings.</summary>
    public static IReadOnlyList<(Type Format, Type Element, Type Bits)> Formats { get; } =
    [
        (typeof(EightFloats), typeof(float), typeof(Eight)),
        (typeof(EightBFloats), typeof(ushort), typeof(Pack)),
        (typeof(EightHalves), typeof(ushort), typeof(Pack)),
        (typeof(EightQuants), typeof(sbyte), typeof(EightBytes)),
    ];

    /// <summary>The rooms for a head; heads of other sizes take the next larger one.</summary>
    public static IReadOnlyList<Type> Rooms { get; } = [typeof(HeadOf128), typeof(HeadOf256)];
}
