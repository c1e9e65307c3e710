using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>NVIDIA's GPUs from sm_80 on: tensor cores for bfloat16 and asynchronous copies to shared memory.</summary>
internal sealed class Cuda(DeviceInfo device) : Waves(device)
{
    /// <summary>
    /// One tile for each warp of a group (<see cref="TensorForms.DecodeGroup"/>). Fewer tiles would not shorten a warp's work,
    /// and
    /// would lengthen the merge. At position 512 with 8 kv heads there are 9 × 8 = 72 groups, which load all keys concurrently.
    /// From position 1,024 on there are 17 × 8 = 136, more than the 132 multiprocessors of an H100.
    /// </summary>
    public override int SplitTiles => 4;

    /// <summary>
    /// Chosen so that the tiles of a product fill an H100. Each of its 132 multiprocessors holds two tiles of 128 tokens × 128
    /// rows,
    /// 264 in all. A 7B model has 6,144 rows of queries, keys and values: 384 tiles for 1,024 tokens, 768 for 2,048.
    /// 384 tiles take 1.45 rounds, which last as long as two; 768 take 2.9 of three. Its 4,096 rows make 256 and 512 tiles.
    /// A GPU with half the multiprocessors is as full with 1,024 tokens. Products by warpgroups have tiles of twice the tokens,
    /// one
    /// for each multiprocessor, and need as many rounds.
    /// A token takes 0.3 MB in a 7B model. Longer chunks delay the tokens of other texts that are decoded.
    /// </summary>
    public override int DefaultChunk => Device.ComputeUnits > 100 ? 2048 : 1024;

    // Floats of 32 bits have none.
    protected override bool NormsElements => false;

    /// <summary>Whether attention over a cache of a format uses tensor cores.</summary>
    public static bool AttendsOver(TensorFormat cache) => cache is TensorFormat.BFloat16 or TensorFormat.Float16;

    /// <summary>Whether products of several tokens with quantized weights of <paramref name="columns"/> columns use
    /// stages.</summary>
    public static bool HasStages(int columns) => columns % RunStage.Columns == 0;

    public override int QueriesPerTile(TensorFormat cache) =>
        !AttendsOver(cache) ? GroupQueries
            : WarpgroupAttention.IsFor(Device) ? TensorForms.WarpgroupQueries : TensorForms.PromptQueries;

    public override bool RoundsPrompts(ActivationType activations) => activations == ActivationType.Int8;

    public override bool MakesInt8(Operation operation, bool isAlone, bool makesNorm) => operation switch
    {
        Norm => true,
        GatedProduct { Matrix: { Bands: [{ Format: var format }] } gateUp } => format.IsQuantized() && makesNorm
            && (isAlone || HasStages(gateUp.Columns)),
        // A run must not contain elements of two kv heads.
        Attend { Shape: var shape, Cache.Format: var cache } =>
            Int8Attention.IsFor(Device, cache, shape.PaddedHeadDim)
                || (AttendsOver(cache) && shape.Group <= TensorForms.MostDecodeHeads
                    && shape.Group * shape.PaddedHeadDim % BlockRun.Length == 0),
        _ => false,
    };

    public override TensorFormat? RoundedFor(MatrixPlan matrix, ActivationType activations)
    {
        var format = RoundedFor(matrix.Bands[0].Format);
        return RoundsPrompts(activations)
            && matrix.Bands.All(band => Multiplies(band.Format, activations) && RoundedFor(band.Format) == format) ? format : null;
    }

    // Padding is in no product if there is none.
    public override bool MakesRounded(Operation operation, TensorFormat format, ActivationType activations) =>
        operation.Output is { Columns: var columns } && columns % Padding.Columns == 0 && operation switch
        {
            Norm => true,
            GatedProduct { Matrix: { Bands: [_] } gateUp } => RoundedFor(gateUp, activations) == format,
            Attend { Cache.Format: var cache } => AttendsOver(cache),
            _ => false,
        };

    internal override bool LeaveOut(ComputeDevice device, string reason)
    {
        bool multiplied = WarpgroupProducts.Of(device)?.TurnOff(reason) == true;
        bool attended = WarpgroupAttention.Of(device)?.TurnOff(reason) == true;
        bool decoded = Int8Attention.Of(device)?.TurnOff(reason) == true;
        if (!multiplied && !attended && !decoded)
        {
            return false;
        }

        // Some of the bound kernels may be such forms.
        device.ForgetTests();
        return true;
    }

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new CudaKernels(this, device, state, activations, binder);
}
