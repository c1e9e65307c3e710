using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Attention by groups, with as much shared memory as a head needs.</summary>
internal partial class GpuKernels
{
    private interface IHeadUse
    {
        Launch In<TRoom>()
            where TRoom : struct, IHeadRoom;
    }

    private protected override Launch AttendPrompts<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, Activation output, OutputForms forms) =>
        ByHead(input.HeadDim, new PromptGroups<TCache, TElement>(this, input));

    private protected override Launch AttendDecoded<TCache, TElement>(
        AttentionInput<TElement> input, KvLayer cache, ArrayView<ulong> frequencies, ArrayView<float> parts, Activation output,
        OutputForms forms) =>
        Rope<TCache, TElement>(input, frequencies, RowSet.Decode)
        + ByHead(input.HeadDim, new DecodedGroups<TCache, TElement>(this, input, cache, parts))
        + Merge(input, parts);

    /// <summary>A grid of split × kv head × token, with the most splits that a text of the pass may have.</summary>
    private protected Index3D SplitGrid(Pass pass, KvLayer cache, int kvHeads) =>
        new(Math.Min(pass.DecodeRoom(Family.SplitTiles), DecodeSplits.Room(cache.Window, Family.SplitTiles)), kvHeads,
            pass.DecodeCount);

    private static Launch ByHead(int headDim, IHeadUse use) => headDim switch
    {
        <= 64 => use.In<HeadOf64>(),
        <= 128 => use.In<HeadOf128>(),
        _ => use.In<HeadOf256>(),
    };

    private sealed record PromptGroups<TCache, TElement>(GpuKernels Kernels, AttentionInput<TElement> Input) : IHeadUse
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        Launch IHeadUse.In<TRoom>() => Kernels.Launcher(
            new AttendGroup<TCache, TElement, TRoom>(Input),
            pass => new KernelConfig(
                new Index3D(Input.KvHeads, pass.QueryTiles, 1), new Index3D(Kernels.ReductionGroup, 1, 1)));
    }

    private sealed record DecodedGroups<TCache, TElement>(
        GpuKernels Kernels, AttentionInput<TElement> Input, KvLayer Cache, ArrayView<float> Parts) : IHeadUse
        where TCache : struct, ICacheFormat<TElement>
        where TElement : unmanaged
    {
        Launch IHeadUse.In<TRoom>() => Kernels.Launcher(
            new DecodeAttendGroup<TCache, TElement, TRoom>(Input, Parts),
            pass => new KernelConfig(
                Kernels.SplitGrid(pass, Cache, Input.KvHeads), new Index3D(Kernels.ReductionGroup, 1, 1)));
    }
}
