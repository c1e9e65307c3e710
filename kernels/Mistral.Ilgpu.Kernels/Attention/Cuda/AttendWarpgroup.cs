using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// <see cref="AttendTensor{THead,TScores,TOutput}"/> for sm_90 by <c>wgmma</c>, for heads of 65 to 128 elements: one group per kv
/// head (grid x) and tile of queries (grid y, the last tiles first, because they see most keys). Two warpgroups have 64 queries
/// each, see <see cref="WarpgroupRows{TFormat}"/>, and share keys and values, which a third brings
/// (<see cref="WarpgroupTiles"/>). They begin products in turns, so that one's softmax is beside the other's products (Shah et
/// al., FlashAttention-3, arXiv 2407.08608). Keys that are taken together begin at multiples of their number. So a query's sums
/// do not depend on where its tile of queries begins.
/// </summary>
/// <typeparam name="TFormat">The cache's format.</typeparam>
/// <typeparam name="TOutput">How the output is written. Of 16 bits, Input.Output has 16-bit numbers.</typeparam>
[GroupForm]
[CudaForm(90, IsAlone = true, GroupSize = GroupSize, GroupsAtOnce = 1, DynamicSharedBytes = WarpgroupPlaces.Bytes)]
public readonly record struct AttendWarpgroup<TFormat, TOutput>(AttentionInput<ushort> Input, TensorCache Cache) : IKernel
    where TFormat : struct, ITensorFormat
    where TOutput : struct, IAttendOutput
{
    /// <summary>Two warpgroups that compute, and one that copies.</summary>
    public const int GroupSize = 3 * WarpgroupSums.GroupSize;

    /// <summary>Shared memory of a launch's groups.</summary>
    public const int SharedBytes = WarpgroupPlaces.Bytes;

    public void Execute()
    {
        var queries = Input.State.QueryTile(Grid.DimY - 1 - Grid.IdxY);
        int kvHead = Grid.IdxX;
        var block = AttentionBlock.Visible(queries, kvHead, Input.Window);
        int firstTile = block.FirstTile / WarpgroupTiles.Tiles * WarpgroupTiles.Tiles;
        int rounds = (block.EndTile - firstTile + WarpgroupTiles.Tiles - 1) / WarpgroupTiles.Tiles;
        uint memory = WarpgroupMemory.Find();
        // The same in all lanes of a warp, and the assembler is to know.
        int warpgroup = Warp.Shuffle(Group.IdxX / WarpgroupSums.GroupSize, 0);
        if (warpgroup == WarpgroupTiles.Warpgroup)
        {
            WarpgroupRegisters.Give();
            new WarpgroupTiles(Input, Cache, block).Bring(firstTile, rounds, memory);
        }
        else
        {
            WarpgroupRegisters.Take();
            new WarpgroupRows<TFormat>(Input, block, memory, warpgroup).Attend<TOutput>(firstTile, rounds);
        }
    }
}
