namespace Mistral.Ilgpu.PtxMachine;

/// <summary>A product of a warpgroup: sums of 64 rows × n columns (+)= A × B, 16 deep.</summary>
/// <param name="Decode">An element of the factors.</param>
/// <param name="A">Null where it is in registers.</param>
/// <param name="Adds">Whether to what the sums were.</param>
/// <param name="Sign">1 or −1.</param>
internal readonly record struct WarpgroupProduct(
    Instruction Instruction, Func<ushort, float> Decode, MatrixDescriptor? A, MatrixDescriptor B, bool Adds, float Sign);

/// <summary>
/// A warp's part of its warpgroup's products, 16 of the 64 rows. Nothing is read and no sum arrives before the wait for it. Until
/// then the registers hold what no sum can be, and must not change. All four warps must begin the same products.
/// </summary>
/// <param name="begun">All that the warpgroup's warps have begun.</param>
/// <param name="hasRegisterFactors">Whether there are products whose first factor is in registers.</param>
internal sealed class WarpProducts(Warp warp, List<WarpgroupProduct> begun, bool hasRegisterFactors)
{
    public const int Warps = 4;

    private const int Rows = 16;
    private const int Depth = 16;
    private const int PieceElements = 8;
    private const int PieceBytes = 16;

    // A NaN.
    private const ulong OnItsWay = 0x7FD5_ACED;

    private readonly Queue<List<(WarpgroupProduct Product, FactorRegisters? Factor)>> _groups = new();
    private readonly Dictionary<int, Sums> _sums = [];
    private List<(WarpgroupProduct Product, FactorRegisters? Factor)> _open = [];
    private ulong[]? _atFence;
    private bool _isFenced;
    private int _begun;

    private int FirstRow => warp.FirstThread / Warp.Size % Warps * Rows;

    public void StartGroup()
    {
        _groups.Clear();
        _sums.Clear();
        begun.Clear();
        (_open, _isFenced, _begun) = ([], false, 0);
    }

    /// <summary>Orders registers before the products that follow.</summary>
    public void Fence()
    {
        _isFenced = true;
        if (hasRegisterFactors)
        {
            warp.Copy(ref _atFence);
        }
    }

    public unsafe void Begin(WarpgroupProduct product)
    {
        if (!_isFenced)
        {
            throw new PtxException("no wgmma.fence before it since the last wgmma.commit_group");
        }

        if (_begun == begun.Count)
        {
            begun.Add(product);
        }
        else if (begun[_begun] != product)
        {
            throw new PtxException($"another warp of the warpgroup began '{begun[_begun].Instruction}' here, or of other matrices");
        }

        _begun++;
        _open.Add((product, product.A is null ? new FactorRegisters(warp, product.Instruction, _atFence) : null));
        EachPiece(product, (address, _, _, _) =>
        {
            warp.Shared.ReadByProduct(warp.FirstThread, address, PieceBytes);
            warp.Shared.Proxy!.BeginRead((int)address, PieceBytes);
        });
        Take(product.Instruction).Pending++;
    }

    public void Commit()
    {
        _groups.Enqueue(_open);
        (_open, _isFenced) = ([], false);
    }

    /// <summary>Ends all products but those of the newest <paramref name="pending"/> groups.</summary>
    public void Wait(int pending)
    {
        while (_groups.Count > pending)
        {
            foreach (var (product, factor) in _groups.Dequeue())
            {
                End(product, factor);
            }
        }
    }

    /// <exception cref="PtxException">Products that it began, or that the other warps did, have not ended.</exception>
    public void EndGroup()
    {
        if (_sums.Count > 0)
        {
            throw new PtxException($"warp {warp.FirstThread / Warp.Size} ended before its products: no wgmma.wait_group");
        }

        if (_begun != begun.Count)
        {
            throw new PtxException($"warp {warp.FirstThread / Warp.Size} began {_begun} products, another of its warpgroup {begun.Count}");
        }
    }

    private static int Columns(Instruction instruction) => instruction.Counts[0] * 2;

    // Calls with an address, whether it is of A, and the row and the piece in that matrix. Rows of a transposed one are its k.
    private void EachPiece(WarpgroupProduct product, Action<ulong, bool, int, int> use)
    {
        for (int piece = 0; piece < Depth / PieceElements; piece++)
        {
            for (int row = 0; product.A is { } a && row < Rows; row++)
            {
                use(a.Address(FirstRow + row, piece), true, row, piece);
            }
        }

        var (rows, length) = product.B.IsTransposed ? (Depth, Columns(product.Instruction)) : (Columns(product.Instruction), Depth);
        for (int row = 0; row < rows; row++)
        {
            for (int piece = 0; piece < length / PieceElements; piece++)
            {
                use(product.B.Address(row, piece), false, row, piece);
            }
        }
    }

    // What the registers are when the first product begins.
    private Sums Take(Instruction i)
    {
        if (_sums.TryGetValue(i.D, out var sums))
        {
            return sums;
        }

        sums = _sums[i.D] = new Sums(new float[Warp.Size, i.Counts[0]]);
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            ref ulong r = ref warp.Registers(lane);
            for (int index = 0; index < i.Counts[0]; index++)
            {
                sums.Values[lane, index] = Slot.As<float>(ref r, i.Operands[index]);
                Slot.Set(ref r, i.Operands[index], OnItsWay);
            }
        }

        return sums;
    }

    private unsafe void End(WarpgroupProduct product, FactorRegisters? factor)
    {
        var i = product.Instruction;
        double[,] a = new double[Rows, Depth];
        double[,] b = new double[Columns(i), Depth];
        factor?.RequireUnchanged();
        factor?.CopyTo(a, product.Decode);
        EachPiece(product, (address, isOfA, row, piece) =>
        {
            warp.Shared.Proxy!.EndRead(warp.Number, (int)address);
            ushort* elements = (ushort*)warp.Shared.ReadByProduct(warp.FirstThread, address, PieceBytes);
            for (int element = 0; element < PieceElements; element++)
            {
                int at = (piece * PieceElements) + element;
                if (!isOfA && product.B.IsTransposed)
                {
                    b[at, row] = product.Decode(elements[element]);
                }
                else
                {
                    (isOfA ? a : b)[row, at] = product.Decode(elements[element]);
                }
            }
        });

        var sums = _sums[i.D];
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            for (int index = 0; index < i.Counts[0]; index++)
            {
                int row = (lane / 4) + (8 * (index / 2 % 2));
                int column = (8 * (index / 4)) + (2 * (lane % 4)) + (index % 2);
                double sum = 0;
                for (int k = 0; k < Depth; k++)
                {
                    sum += a[row, k] * b[column, k];
                }

                ref float value = ref sums.Values[lane, index];
                value = (float)((product.Adds ? value : 0) + (product.Sign * sum));
            }
        }

        if (--sums.Pending == 0)
        {
            Give(i, sums);
        }
    }

    private void Give(Instruction i, Sums sums)
    {
        _sums.Remove(i.D);
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            ref ulong r = ref warp.Registers(lane);
            for (int index = 0; index < i.Counts[0]; index++)
            {
                if (Slot.As<ulong>(ref r, i.Operands[index]) != OnItsWay)
                {
                    throw new PtxException($"lane {lane} wrote sum {index} of '{i}' before the products had ended");
                }

                Slot.Set(ref r, i.Operands[index], sums.Values[lane, index]);
            }
        }
    }

    private sealed class Sums(float[,] values)
    {
        /// <summary>Lanes × registers.</summary>
        public float[,] Values => values;

        public int Pending { get; set; }
    }
}
