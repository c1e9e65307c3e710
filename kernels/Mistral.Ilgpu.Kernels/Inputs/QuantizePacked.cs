using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// <see cref="QuantizeInput"/> for CUDA, four quants to an int: for each run of 32, scale = max |x| / 127 and q = round(x /
/// scale). Shapes: x is tokens × inputStride; q is tokens × columns, columns a multiple of 32. Of the pass's rows it takes those
/// of Tokens. A lane takes four neighbours, eight lanes a run, see <see cref="PackedRun"/>. The grid has a thread for every four.
/// </summary>
[WaveForm]
[CudaForm(60, GroupSize = WarpRows.GroupSize)]
public readonly record struct QuantizePacked(
    StepState State,
    ArrayView<float> Input,
    PackedInput Output,
    int InputStride,
    RowRange Tokens) : IKernel
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
        int first = Tokens.First(State);
        int perToken = Output.Stride / PackedRun.PerLane;
        long count = (long)(Tokens.End(State) - first) * perToken;
        long item = WorkItems.First;
        long source = count > 0 ? IntrinsicMath.Min(item, count - 1) : 0;
        long token = (count > 0 ? first : 0) + (source / perToken);
        int within = (int)(source % perToken);
        var x = Input.SubView(token * InputStride, InputStride).Cast<Floats4>()[within];
        PackedRun.Write(Output, token, within, x, item < count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteOnCuda()
    {
        Predecessor.Await();
        int first = Tokens.First(State);
        int perToken = Output.Stride / PackedRun.PerLane;
        long count = (long)(Tokens.End(State) - first) * perToken;
        if (count <= 0)
        {
            return;
        }

        // Lanes past the end repeat the last one: shuffles need every lane, and whole runs are past the end.
        long item = WorkItems.First;
        long source = IntrinsicMath.Min(item, count - 1);
        long token = first + (source / perToken);
        int within = (int)(source % perToken);
        var x = Input.SubView(token * InputStride, InputStride).Cast<Floats4>()[within];
        PackedRun.Write(Output, token, within, x, item < count);
    }
}
