using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution;

/// <summary>The families of devices that want different forms of a kernel.</summary>
public enum KernelFamily
{
    /// <summary>ILGPU's CPU accelerator: few threads, no vectors, dear barriers and dear indexing.</summary>
    CpuAccelerator,

    /// <summary>OpenCL on a CPU: few threads and a vectorizing compiler.</summary>
    OpenClCpu,

    /// <summary>Many threads and shared memory.</summary>
    Gpu,

    /// <summary>NVIDIA's since sm_80: tensor cores that take bfloat16, and copies to shared memory that go on meanwhile.</summary>
    Cuda,
}

/// <summary>Grid and group sizes for one device.</summary>
/// <param name="reductionGroup">See <see cref="ReductionGroup"/>.</param>
public sealed class LaunchPlan(DeviceInfo device, int reductionGroup = ReductionGroups.Default)
{
    public KernelFamily Family { get; } = device.ForcedFamily ?? (device.Kind, device.IsGpu) switch
    {
        (DeviceKind.Cpu, _) => KernelFamily.CpuAccelerator,
        (_, false) when device.HasLongVectors => KernelFamily.OpenClCpu,
        _ when device.CudaArchitecture >= 80 => KernelFamily.Cuda,
        _ => KernelFamily.Gpu,
    };

    /// <summary>Queries in a tile of the row form of attention; how many heads may share a kv head.</summary>
    public const int MostQueriesPerTile = AttentionBlock.MaxQueries;

    /// <summary>Whether groups with shared memory are what the device likes.</summary>
    public bool LikesGroups => Family is KernelFamily.Gpu or KernelFamily.Cuda;

    /// <summary>Whether tokens are drawn on the device; elsewhere it chooses the likeliest alone, and logits come to the host cheaply.</summary>
    public bool DrawsTokens { get; } = device.Kind == DeviceKind.Cuda;

    /// <summary>Whether attention over a cache of that format runs on tensor cores.</summary>
    public bool AttendsOnTensorCores(TensorFormat cache) =>
        Family == KernelFamily.Cuda && cache is (TensorFormat.BFloat16 or TensorFormat.Float16);

    /// <summary>Queries, tokens × heads that share a kv head, that one tile of a prompt holds.</summary>
    public int QueriesPerTile(TensorFormat cache) =>
        AttendsOnTensorCores(cache) ? TensorForms.PromptQueries : LikesGroups ? 16 : MostQueriesPerTile;

    /// <summary>
    /// Tiles of keys that a split of a decoded token has at least. Tensor cores: one for each warp of a group (<see cref="TensorForms.DecodeGroup"/>),
    /// for fewer shorten no warp's work and only lengthen the merge. At position 512 with 8 kv heads that makes 9 × 8 = 72 groups, which have all
    /// keys on their way at once; from position 1,024 on, 17 × 8 = 136, more than an H100's 132 multiprocessors.
    /// </summary>
    public int SplitTiles => Family == KernelFamily.Cuda ? 4 : DecodeSplits.LeastTiles;

    /// <summary>
    /// Tokens of a prompt in one pass, where nobody says. Each of an H100's 132 multiprocessors holds two tiles of a product, 128 tokens × 128
    /// rows, 264 at once: the 6,144 rows of queries, keys and values of a 7B model make 384 tiles for a chunk of 1,024 tokens, 1.45 turns of
    /// which take the time of two, and 768 for one of 2,048, 2.9 turns in three; 4,096 rows make 256 and 512. A GPU of half as many is as full
    /// with 1,024. Products by warpgroups have tiles of twice the tokens, one to a multiprocessor, which makes as many turns. A token takes 0.3 MB
    /// of a 7B model, and longer chunks keep tokens that are decoded meanwhile waiting.
    /// </summary>
    public int DefaultChunk => Family != KernelFamily.Cuda ? 256 : device.ComputeUnits > 100 ? 2048 : 1024;

    /// <summary>How weights that are multiplied with lie on the device.</summary>
    public WeightLayout LayoutOf(TensorFormat format, ActivationType activations) =>
        Family == KernelFamily.OpenClCpu && (activations == ActivationType.Int8 || !format.IsQuantized())
            ? WeightLayout.Strips
            : WeightLayout.Rows;

    /// <summary>Group size of the choice of a token, whose every row is one group's: the largest there is, to have many loads on their way.</summary>
    public int ChoiceGroup { get; } = Math.Min(device.MaxGroupSize, ChooseGroup.MaxGroupSize);

    /// <summary>Group size of kernels that reduce through shared memory.</summary>
    public int ReductionGroup { get; } = reductionGroup;

    /// <summary>The shape for a kernel that shares <paramref name="items"/> equal small items by stride.</summary>
    public KernelConfig Elements(long items) => Family switch
    {
        KernelFamily.CpuAccelerator => new KernelConfig(1, device.MaxGroupSize),
        KernelFamily.OpenClCpu => Cover(items, 64, maxGroups: 4 * device.ComputeUnits),
        _ => Cover(items, 256, maxGroups: 65_535),
    };

    /// <summary>The shape for a kernel that streams through <paramref name="items"/> in the order they lie in, one each where groups
    /// are cheap.</summary>
    public KernelConfig Stream(long items) =>
        Family == KernelFamily.CpuAccelerator ? Elements(items) : Cover(items, 256, maxGroups: int.MaxValue);

    /// <summary>The shape for a kernel whose every item is much work of its own, such as an attention head.</summary>
    public KernelConfig Coarse(long items) => Family switch
    {
        KernelFamily.CpuAccelerator => new KernelConfig(1, device.MaxGroupSize),
        KernelFamily.OpenClCpu => Cover(items, 1, maxGroups: int.MaxValue),
        _ => Cover(items, 64, maxGroups: int.MaxValue),
    };

    /// <summary>The shape for a kernel whose every item sums one row of a matrix.</summary>
    public static KernelConfig Rows(int rows) => Cover(rows, 32, maxGroups: int.MaxValue);

    /// <summary>The shape for a kernel whose every item is one of <paramref name="items"/>.</summary>
    public static KernelConfig One(long items, int groupSize) => Cover(items, groupSize, maxGroups: int.MaxValue);

    /// <summary>The shape for a form whose group makes a few rows for a few tokens; groups of the same rows are neighbours.</summary>
    public static KernelConfig FewTokens<TTokens>(int rows, int rowsPerGroup, int tokens, int groupSize)
        where TTokens : struct, ITokenBlocks => new(
            new Index3D(Groups(tokens, TTokens.Tokens), Groups(rows, rowsPerGroup), 1), new Index3D(groupSize, 1, 1));

    /// <summary>Groups of <paramref name="each"/> that hold <paramref name="items"/>.</summary>
    public static int Groups(int items, int each) => (items + each - 1) / each;

    private static KernelConfig Cover(long items, int groupSize, int maxGroups) =>
        new((int)Math.Clamp((items + groupSize - 1) / groupSize, 1, maxGroups), groupSize);
}
