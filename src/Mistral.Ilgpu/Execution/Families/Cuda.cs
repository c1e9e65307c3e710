using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>NVIDIA's GPUs since sm_80: tensor cores that take bfloat16, and copies to shared memory that go on
/// meanwhile.</summary>
internal sealed class Cuda(DeviceInfo device) : Gpu(device)
{
    /// <summary>
    /// One tile for each warp of a group (<see cref="TensorForms.DecodeGroup"/>), because fewer shorten no warp's work and only
    /// lengthen the merge. At position 512 with 8 kv heads that makes 9 × 8 = 72 groups, which have all keys on their way at
    /// once; from position 1,024 on, 17 × 8 = 136, more than an H100's 132 multiprocessors.
    /// </summary>
    public override int SplitTiles => 4;

    /// <summary>
    /// Each of an H100's 132 multiprocessors holds two tiles of a product, 128 tokens × 128 rows, 264 at once: the 6,144 rows of
    /// queries, keys and values of a 7B model make 384 tiles for a chunk of 1,024 tokens, 1.45 turns of which take the time of
    /// two, and 768 for one of 2,048, 2.9 turns in three; 4,096 rows make 256 and 512. A GPU of half as many is as full with
    /// 1,024. Products by warpgroups have tiles of twice the tokens, one to a multiprocessor, which makes as many turns. A token
    /// takes 0.3 MB of a 7B model, and longer chunks keep tokens that are decoded meanwhile waiting.
    /// </summary>
    public override int DefaultChunk => Device.ComputeUnits > 100 ? 2048 : 1024;

    /// <summary>Whether products with weights of a format run on tensor cores, which take activations in 8 or 16 bits
    /// only.</summary>
    public static bool Multiplies(TensorFormat format, ActivationType activations) =>
        (format is TensorFormat.BFloat16 or TensorFormat.Float16 || format.IsQuantized()) && activations == ActivationType.Int8;

    /// <summary>Whether attention over a cache of a format runs on tensor cores.</summary>
    public static bool AttendsOver(TensorFormat cache) => cache is TensorFormat.BFloat16 or TensorFormat.Float16;

    /// <summary>Whether several tokens are multiplied with quantized weights of so many columns in stages.</summary>
    public static bool HasStages(int columns) => columns % RunStage.Columns == 0;

    public override int QueriesPerTile(TensorFormat cache) =>
        AttendsOver(cache) ? TensorForms.PromptQueries : base.QueriesPerTile(cache);

    public override bool RoundsPrompts(ActivationType activations) => activations == ActivationType.Int8;

    public override bool MakesNorm(MatrixPlan matrix, ActivationType activations) =>
        matrix.Columns % BlockRun.Length == 0 && matrix.Columns <= NormedInput.MostColumns
            && matrix.Bands.All(band => Multiplies(band.Format, activations));

    public override bool MakesInt8(Operation operation, bool isAlone, bool makesNorm) => operation switch
    {
        Norm => true,
        GatedProduct { Matrix: { Bands: [{ Format: var format }] } gateUp } => format.IsQuantized() && makesNorm
            && (isAlone || HasStages(gateUp.Columns)),
        // A run must not have elements of two kv heads.
        Attend { Shape: var shape, Cache.Format: var cache } =>
            AttendsOver(cache) && shape.Group <= TensorForms.MostDecodeHeads
                && shape.Group * shape.PaddedHeadDim % BlockRun.Length == 0,
        _ => false,
    };

    public override long InputBytes(int columns) => TensorInput.BytesPerRow(columns);

    // Its forms have groups of their own size, and the few of other GPUs the default.
    internal override void Measure(ComputeDevice device)
    {
    }

    internal override bool LeaveOut(ComputeDevice device, string reason)
    {
        if (WarpgroupProducts.Of(device)?.TurnOff(reason) != true)
        {
            return false;
        }

        // Some that are bound may be such products.
        device.ForgetTests();
        return true;
    }

    internal override Activation Input(
        ComputeDevice device, string name, int rows, int columns, ArrayView<float> view, Action<IDisposable> own) =>
        new(name, rows, columns, view, tensor: TensorInput.Allocate(device, name, rows, columns, own));

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new CudaKernels(this, device, state, activations, binder);
}
