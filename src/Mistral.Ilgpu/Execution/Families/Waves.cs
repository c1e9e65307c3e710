using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>GPUs whose lanes exchange values without shared memory, and multiply four bytes at once.</summary>
internal abstract class Waves(DeviceInfo device) : Gpu(device)
{
    /// <summary>Whether products with weights of a format have activations of eight bits, or of 16 where prompts are rounded.
    /// </summary>
    public bool Multiplies(TensorFormat format, ActivationType activations) => activations == ActivationType.Int8
        && (format.IsQuantized() || (RoundsPrompts(activations) && Rounds(format)));

    /// <summary>The 16-bit format that activations are rounded to for weights of a format.</summary>
    public static TensorFormat RoundedFor(TensorFormat weights) =>
        weights == TensorFormat.BFloat16 ? weights : TensorFormat.Float16;

    /// <summary>Whether prompts are rounded where weights are elements of a format.</summary>
    protected virtual bool Rounds(TensorFormat elements) => elements is TensorFormat.BFloat16 or TensorFormat.Float16;

    /// <summary>
    /// One tile for each team of two heads, where four heads share a kv head. At position 512 with 8 kv heads there are 5 × 8 =
    /// 40 groups, at 4,096 29 × 8 = 232.
    /// </summary>
    public override int SplitTiles => 8;

    public override int QueriesPerTile(TensorFormat cache) => WaveForms.PromptQueries;

    /// <summary>Whether products with floating-point weights compute their norm in
    /// <see cref="MatVecNormed{TFormat,TElement,TEpilogue}"/>.
    /// </summary>
    protected virtual bool NormsElements => true;

    public override bool MakesNorm(MatrixPlan matrix, ActivationType activations) => matrix.Bands.All(band =>
        band.Format.IsQuantized() || !NormsElements
            ? Multiplies(band.Format, activations) && matrix.Columns % BlockRun.Length == 0
                && matrix.Columns <= NormedInput.MostColumns
            : matrix.Columns % RmsNormed.PerItem == 0 && matrix.Columns <= MatVecNormed<Float32, float, Assign>.MostColumns);

    public override bool MakesInt8(Operation operation, bool isAlone, bool makesNorm) => operation switch
    {
        Norm => true,
        GatedProduct { Matrix: { Bands: [{ Format: var format }] } } => format.IsQuantized() && makesNorm && isAlone,
        // Of decoded tokens alone, so prompts must need no eight bits. A run must not contain elements of two kv heads.
        Attend { Shape: var shape } => (isAlone || RoundsPrompts(ActivationType.Int8))
            && shape.Group * shape.PaddedHeadDim % BlockRun.Length == 0,
        _ => false,
    };

    public override long InputBytes(int columns) => TensorInput.BytesPerRow(columns);

    // Nothing to measure: the forms of this family have fixed group sizes, and the few of other GPUs use the default.
    internal override void Measure(ComputeDevice device)
    {
    }

    internal override Activation Input(
        ComputeDevice device, string name, int rows, int columns, ArrayView<float> view, Action<IDisposable> own) =>
        new(name, rows, columns, view, tensor: TensorInput.Allocate(device, name, rows, columns, own));

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new WaveKernels(this, device, state, activations, binder);
}
