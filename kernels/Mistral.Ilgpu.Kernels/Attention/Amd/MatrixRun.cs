using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>A lane's part of 32 elements of a head: of its query, and half of the outputs.</summary>
internal struct MatrixRun<TCore>
    where TCore : struct, IRowCore
{
    /// <summary>Elements of it.</summary>
    public const int Length = 32;

    private MatrixFragment _first, _second;
    private SixteenSums _outputs;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MatrixRun<TCore> Begin(MatrixQuery query, int element)
    {
        var run = new MatrixRun<TCore> { _first = query.Column<TCore>(element) };
        Schedule.Fence();
        run._second = query.Column<TCore>(element + (Length / 2));
        Schedule.Fence();
        return run;
    }

    /// <summary>Adds the products of the query and 32 keys to their scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SixteenSums Score(SixteenSums scores, MatrixRows keys, int element)
    {
        scores = TCore.MultiplyAdd(scores, keys, 0, element / 8, _first);
        return TCore.MultiplyAdd(scores, keys, 0, (element / 8) + 2, _second);
    }

    /// <summary>outputs += weights × values, of 32 positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(MatrixFragment first, MatrixFragment second, MatrixRows values, int element)
    {
        _outputs = TCore.MultiplyAdd(_outputs, values, element, 0, first);
        _outputs = TCore.MultiplyAdd(_outputs, values, element, 2, second);
    }

    /// <summary>Multiplies the outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float factor) => _outputs = new SixteenSums
    {
        Low = Scaled(_outputs.Low, factor), High = Scaled(_outputs.High, factor),
    };

    /// <summary>Writes the outputs, see <see cref="RowOrder{TCore}"/>.</summary>
    /// <param name="element">The first.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Write(ArrayView<float> to, long at, int element, int headDim)
    {
        int own = element + (8 * MatrixLane.Half<TCore>());
        if (own < headDim)
        {
            Write(to, at + own, _outputs.Low);
        }

        if (own + 16 < headDim)
        {
            Write(to, at + own + 16, _outputs.High);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static EightSums Scaled(EightSums x, float factor) => new()
    {
        A = x.A * factor, B = x.B * factor, C = x.C * factor, D = x.D * factor,
        E = x.E * factor, F = x.F * factor, G = x.G * factor, H = x.H * factor,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(ArrayView<float> to, long at, EightSums x)
    {
        to[at] = x.A;
        to[at + 1] = x.B;
        to[at + 2] = x.C;
        to[at + 3] = x.D;
        to[at + 4] = x.E;
        to[at + 5] = x.F;
        to[at + 6] = x.G;
        to[at + 7] = x.H;
    }
}
