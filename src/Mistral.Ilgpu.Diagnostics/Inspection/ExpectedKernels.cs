using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// The kernels that CUDA's family launches for an operation, each with every pass over memory that it makes. Of a pass that
/// decodes one token of each text, or that reads one prompt; caches of 16 bits.
/// </summary>
/// <param name="isWarpgroup">Whether products and attention of prompts are by warpgroups.</param>
internal sealed class ExpectedKernels(Pass pass, bool isWarpgroup)
{
    // A value in eight bits, with its part of a run's entry of 16 bytes.
    private const double Int8Bytes = 1 + (16.0 / BlockRun.Length);

    private bool IsPrompt => pass.PrefillCount > 0;

    /// <summary>The kernels of a fused operation, null where another operation does its work.</summary>
    public IReadOnlyList<ExpectedKernel> Of(Operation? operation) => operation switch
    {
        null => [],
        Embed embed => [new("Embed", Rows(embed) * (embed.Table.Bytes / embed.Table.Rows), 0, Floats(embed, embed.Hidden.Columns))],
        Norm norm => [NormOf(norm)],
        MatrixProduct product => [.. ProductOf(product)],
        Attend attend => IsPrompt ? [.. PromptAttention(attend)] : [DecodedAttention(attend)],
        _ => [new(operation.GetType().Name, 0, operation.Cost(pass).Bytes, 0, Operations: operation.Cost(pass).Operations)],
    };

    private long Rows(Operation operation) => operation.Rows.Count(pass);

    private long Floats(Operation operation, long columns) => Rows(operation) * columns * sizeof(float);

    // The second reading of a row comes from the multiprocessor's own cache, which holds it.
    private ExpectedKernel NormOf(Norm norm)
    {
        long values = Rows(norm) * norm.Hidden.Columns;
        bool isRounded = IsRounded(norm);
        long written = values * (isRounded ? sizeof(ushort) : sizeof(float))
            + (norm.Forms.Int8 && !isRounded ? (long)(values * Int8Bytes) : 0);
        return new(
            isRounded ? "RmsNormRounded" : "RmsNormWarp", 0, (values + norm.Hidden.Columns) * sizeof(float), written,
            Operations: 4 * values);
    }

    private bool IsRounded(Operation operation) => operation.Forms.FirstRounded(operation, pass) < Rows(operation);

    private IEnumerable<ExpectedKernel> ProductOf(MatrixProduct product)
    {
        bool isTiled = product.Rows == RowSet.Logits ? pass.IsScoring : IsPrompt;
        var matrix = product.Matrix;
        bool isQuantized = matrix.Bands.Any(band => band.Format.IsQuantized());
        long values = Rows(product) * matrix.Columns;
        if (isTiled && !product.IsRounded)
        {
            yield return new("RoundInput", 0, values * sizeof(float), values * sizeof(ushort));
        }

        if (!isTiled && isQuantized && product.Norm is null && !product.IsInt8Ready)
        {
            yield return new("QuantizePacked", 0, values * sizeof(float), (long)(values * Int8Bytes));
        }

        yield return isTiled ? Tiled(product, values, isQuantized) : Decoded(product, values, isQuantized);
    }

    private ExpectedKernel Tiled(MatrixProduct product, long values, bool isQuantized)
    {
        var matrix = product.Matrix;
        int tokens = isWarpgroup ? 256 : TileMemory.Rows;
        // A pair of groups reads its tokens once. Those of weights in blocks unpack beside the products.
        int together = isWarpgroup ? GroupPair.Groups : 1;
        long across = DivideUp(Rows(product), tokens);
        long down = DivideUp(matrix.Rows, together * TileMemory.Rows);
        long read = values * sizeof(ushort);
        return new(
            !isWarpgroup ? "MatMulTensor" : isQuantized ? "MatMulBulkBlocks" : "MatMulBulk", matrix.Bytes,
            read + Residual(product), WrittenBy(product), ((across - 1) * matrix.Bytes) + ((down - 1) * read), product.Cost(pass).Operations,
            across * down * together);
    }

    private ExpectedKernel Decoded(MatrixProduct product, long values, bool isQuantized)
    {
        var matrix = product.Matrix;
        // A group that makes the norm reads the row and its gain.
        long read = product.Norm is not null ? 2 * values * sizeof(float)
            : isQuantized ? (long)(values * Int8Bytes) : values * sizeof(float);
        // A gated pair makes one output of two rows of weights.
        long made = product is GatedProduct gated ? gated.To.Columns : matrix.Rows;
        // See BlockSwiGluNormed and MatVecRows.
        bool isLong = isQuantized
            ? product is GatedProduct && product.Norm is not null
            : product is not GatedProduct && Rows(product) > StrandMemory.Tokens;
        long groups = DivideUp(made, isLong ? BlockRun.Length : Strands.Rows);
        bool isSeveral = Rows(product) > 1;
        string name = !isQuantized ? "MatVecTensor"
            : product.Norm is not null ? (product is GatedProduct ? "BlockSwiGluNormed" : "BlockMatVecNormed")
            : !isSeveral ? "BlockMatVecWarp"
            // See RunStage.HasRegisters.
            : product is GatedProduct && matrix.Bands[0].Format.BlockLength() > BlockRun.Length ? "BlockSwiGluTensor"
            : "BlockMatVecTensor";
        return new(
            name, matrix.Bytes, read + Residual(product), WrittenBy(product), (groups - 1) * read,
            product.Cost(pass).Operations);
    }

    // What an output is added to.
    private long Residual(MatrixProduct product) =>
        product is Product { AddsToResidual: true } ? Floats(product, product.To.Columns) : 0;

    private long WrittenBy(MatrixProduct product)
    {
        long values = Rows(product) * product.To.Columns;
        return IsRounded(product) ? values * sizeof(ushort)
            : (values * sizeof(float)) + (product.Forms.Int8 && !IsPrompt ? (long)(values * Int8Bytes) : 0);
    }

    private IEnumerable<ExpectedKernel> PromptAttention(Attend attend)
    {
        var shape = attend.Shape;
        long tokens = pass.TokenCount;
        long queries = tokens * shape.AttendedColumns;
        long keys = tokens * shape.KvColumns;
        long stored = 2 * attend.Cache.Format.BytesOf(shape.KvColumns);
        var cost = attend.Cost(pass);
        // Turns queries and keys in place, and stores keys and values as fresh tiles.
        yield return new(
            "Rope", 0, (queries + (2 * keys)) * sizeof(float), ((queries + keys) * sizeof(float)) + (tokens * stored),
            Operations: 3 * (queries + keys));

        // A group has 64 or 128 queries of one kv head, and reads all keys and values that they see.
        bool isByWarpgroups = isWarpgroup && shape.PaddedHeadDim is > 64 and <= 128;
        int perGroup = isByWarpgroups ? TensorForms.WarpgroupQueries : TensorForms.PromptQueries;
        long tileTokens = Math.Max(1, perGroup / shape.Group);
        long tiles = DivideUp(tokens, tileTokens);
        long seen = 0;
        for (long tile = 0; tile < tiles; tile++)
        {
            long last = Math.Min(tokens, (tile + 1) * tileTokens);
            seen += Math.Min(last, attend.Cache.Window + tileTokens);
        }

        yield return new(
            isByWarpgroups ? "AttendWarpgroup" : "AttendTensor", 0, (queries * sizeof(float)) + (tokens * stored),
            queries * (IsRounded(attend) ? sizeof(ushort) : sizeof(float)),
            (seen - tokens) * stored, cost.Operations - (3 * (queries + keys)), isByWarpgroups ? tiles * shape.KvHeads : 0);
        long kept = Math.Min(tokens, attend.Cache.RingLength) * stored;
        yield return new("StoreKv", 0, kept, kept);
    }

    private ExpectedKernel DecodedAttention(Attend attend)
    {
        var shape = attend.Shape;
        var cost = attend.Cost(pass);
        long outputs = (long)pass.TokenCount * shape.AttendedColumns;
        long written = (outputs * sizeof(float)) + (attend.Forms.Int8 ? (long)(outputs * Int8Bytes) : 0);
        // Splits write their sums, and the last of a head reads them all.
        long parts = pass.Spans.Sum(span => (long)DecodeSplits.Count(span.StartPosition, attend.Cache.Window, TilesOfSplit))
            * shape.Heads * (shape.PaddedHeadDim + DecodeSplits.Tail) * sizeof(float);
        return new(
            "DecodeAttendTensor", 0, cost.Bytes - (outputs * sizeof(float)), written, 2 * parts, cost.Operations);
    }

    // See Cuda.SplitTiles.
    private const int TilesOfSplit = 4;

    private static long DivideUp(long a, long b) => (a + b - 1) / b;
}
