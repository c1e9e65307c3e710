using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c], one warp per row (grid x, eight to a group) and token (grid y). Also y += and the gated first
/// half of a feed-forward layer, see <see cref="IEpilogue"/>. W: rows × inputStride (of a gate 2·rows), x: tokens × inputStride,
/// both zero-padded to <see cref="Padding.Columns"/>; y: tokens × outputStride; of the pass's rows those of Tokens. Neighbouring
/// lanes read neighbouring 16-byte packs, four of them before any is used, and the lanes' shares meet by shuffles. No shared
/// memory.
/// </summary>
[WaveForm]
[CudaForm(60, GroupSize = WarpRows.GroupSize)]
public readonly record struct MatVecWarp<TFormat, TElement, TEpilogue>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        if (Wave.IsForCuda())
        {
            ExecuteOnCuda();
        }
        else
        {
            ExecuteElsewhere();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteElsewhere()
    {
        int token = Tokens.First(State) + Grid.IdxY;
        int row = (Grid.IdxX * WarpRows.WarpsPerGroup) + Wave.Number;
        // What does not exist sums the first row, because exchanges need every lane.
        bool exists = token < Tokens.End(State) && row < Rows;
        Write(exists ? row : 0, exists ? token : 0, exists);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteOnCuda()
    {
        Predecessor.Await();
        int token = Tokens.First(State) + Grid.IdxY;
        int row = (Grid.IdxX * WarpRows.WarpsPerGroup) + Wave.Number;
        if (token >= Tokens.End(State) || row >= Rows)
        {
            return;
        }

        Write(row, token, exists: true);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int row, int token, bool exists)
    {
        float product = Dot(row, token);
        float second = TEpilogue.IsGated ? Dot(Rows + row, token) : 0;
        if (exists && Wave.Index == 0)
        {
            long to = ((long)token * OutputStride) + row;
            product = TFormat.Scaled(product, Weights, InputStride, row);
            second = TFormat.Scaled(second, Weights, InputStride, (long)Rows + row);
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Dot(int row, int token)
    {
        const int Lanes = Wave.Size;
        int packs = InputStride / TFormat.PerPack;
        var weights = Weights.Cast<Pack>();
        long from = (long)row * packs;
        var x = Input.SubView((long)token * InputStride, InputStride).Cast<Floats4>();
        float sum = 0;
        int pack = Wave.Index;
        for (; pack + (3 * Lanes) < packs; pack += 4 * Lanes)
        {
            sum += TFormat.WaveDot(weights[from + pack], x, pack);
            sum += TFormat.WaveDot(weights[from + pack + Lanes], x, pack + Lanes);
            sum += TFormat.WaveDot(weights[from + pack + (2 * Lanes)], x, pack + (2 * Lanes));
            sum += TFormat.WaveDot(weights[from + pack + (3 * Lanes)], x, pack + (3 * Lanes));
        }

        for (; pack < packs; pack += Lanes)
        {
            sum += TFormat.WaveDot(weights[from + pack], x, pack);
        }

        sum += Warp.ShuffleXor(sum, 16);
        return Wave.Sum16(sum);
    }
}
