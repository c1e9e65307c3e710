using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>The forms of attention on tensor cores, by the elements of a head that they have room for.</summary>
public static class TensorForms
{
    /// <summary>Heads of other sizes take the next larger room.</summary>
    public static IReadOnlyList<int> HeadSizes { get; } = [64, 128, 256];

    /// <summary>Queries, tokens × heads that share a kv head, of a tile of a prompt, or of a part of one.</summary>
    public const int PromptQueries = 64;

    /// <summary>Queries of a tile where <see cref="AttendWarpgroup{TFormat, TOutput}"/> takes it whole.</summary>
    public const int WarpgroupQueries = 2 * PromptQueries;

    /// <summary>Group size for prompts: a warp for 16 queries.</summary>
    public const int PromptGroup = PromptQueries / 16 * 32;

    /// <summary>Heads to a kv head at most, for decoded tokens: the rows of one multiplication.</summary>
    public const int MostDecodeHeads = 16;

    /// <summary>Group size for decoded tokens: a warp for each tile whose keys and values shared memory holds, four at
    /// most.</summary>
    public static int DecodeGroup(int headDim) => headDim > 128 ? 64 : 128;

    /// <summary>Group size for decoded tokens over caches of eight bits.</summary>
    public const int QuantGroup = 128;

    /// <summary>Heads of a kv head that a group attends for, over caches of eight bits.</summary>
    public const int QuantHeads = 8;

    /// <summary>So many groups share the heads of a kv head, over caches of eight bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuantBlocks(int heads) => (heads + QuantHeads - 1) / QuantHeads;

    /// <summary>Head sizes that <see cref="DecodeAttendQuants{THead}"/> takes, and what keeps such heads.</summary>
    public static IReadOnlyList<(int Size, Type Head)> QuantSizes { get; } = [(64, typeof(RunPair)), (128, typeof(TwoRunPairs))];

    /// <summary>The prompts' form, an <see cref="AttendTensor{THead,TScores,TOutput}"/>: of four tiles of keys at once, or of
    /// one where the outputs take the registers.</summary>
    /// <param name="output">An <see cref="IAttendOutput"/>.</param>
    public static Type Attend(Type format, int headSize, Type output) => typeof(AttendTensor<,,>).MakeGenericType(
        Head(format, headSize), headSize > 128 ? typeof(KeyScores) : typeof(TwoScores<TwoScores<KeyScores>>), output);

    /// <summary>The form of decoded tokens, a <see cref="DecodeAttendTensor{THead}"/>.</summary>
    public static Type DecodeAttend(Type format, int headSize) =>
        typeof(DecodeAttendTensor<>).MakeGenericType(Head(format, headSize));

    private static Type Head(Type format, int size) =>
        size == 16 ? typeof(HeadRun<>).MakeGenericType(format) : typeof(TwoParts<>).MakeGenericType(Head(format, size / 2));
}
