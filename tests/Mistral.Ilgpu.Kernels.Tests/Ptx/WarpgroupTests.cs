using Mistral.Ilgpu.PtxMachine;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// The machine's <c>wgmma</c> against whole matrices, and what it refuses. Matrices lie in shared memory as the PTX ISA's figures
/// of the swizzling modes have them.
/// </summary>
public sealed class WarpgroupTests
{
    private const int Rows = 64;
    private const int Threads = 128;

    private const string Multiplication = """
        fence.proxy.async.shared::cta;
        bar.sync 0;
        wgmma.fence.sync.aligned;
        PRODUCTS
        wgmma.commit_group.sync.aligned;
        wgmma.wait_group.sync.aligned 0;
        """;

    [Theory]
    [InlineData("bf16", 16, 16)]
    [InlineData("f16", 32, 16)]
    [InlineData("bf16", 32, 32)]
    [InlineData("bf16", 256, 64)]
    [InlineData("f16", 256, 64)]
    [InlineData("f16", 8, 128)]
    public void Product_OfWholeMatrices_EqualsReference(string type, int columns, int rowBytes)
    {
        int depth = Math.Max(16, rowBytes / sizeof(ushort));
        var data = new RandomData();
        ushort[] a = [.. data.Floats(Rows * depth).Select(Encode)];
        ushort[] b = [.. data.Floats(columns * depth).Select(Encode)];
        float[] c = data.Floats(Rows * columns);

        float[] found = Run(type, columns, rowBytes, a, b, c);

        var expected = new double[Rows * columns];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                expected[(row * columns) + column] = c[(row * columns) + column]
                    + Enumerable.Range(0, depth).Sum(k => (double)Decode(a[(row * depth) + k]) * Decode(b[(column * depth) + k]));
            }
        }

        Closeness.AssertClose(expected, found);

        ushort Encode(float value) => type == "f16" ? Float16.Encode(value) : BFloat16.Encode(value);

        float Decode(ushort bits) => type == "f16" ? Float16.Decode(bits) : BFloat16.Decode(bits);
    }

    [Fact]
    public void Product_ToldToForgetItsSums_IsTheProductAlone() =>
        Assert.All(Ones(Multiplication, adds: "%p9"), sum => Assert.Equal(16, sum));

    [Fact]
    public void Product_ToldToSubtract_Subtracts() =>
        Assert.All(Ones(Multiplication, signOfA: -1), sum => Assert.Equal(3 - 16, sum));

    [Fact]
    public void Sums_BeforeTheWait_AreNotThere() =>
        Assert.All(Ones(Multiplication.Replace("wait_group.sync.aligned 0;", "wait_group.sync.aligned 1;") + Store + "wgmma.wait_group.sync.aligned 0;", stores: false), sum => Assert.Equal(float.NaN, sum));

    [Theory]
    [InlineData("wgmma.fence.sync.aligned;", "", "no wgmma.fence before it")]
    [InlineData("fence.proxy.async.shared::cta;\nbar.sync 0;", "bar.sync 0;", "no fence.proxy.async between that and a barrier")]
    [InlineData("fence.proxy.async.shared::cta;\nbar.sync 0;", "bar.sync 0; fence.proxy.async;", "no fence.proxy.async between that and a barrier")]
    [InlineData("fence.proxy.async.shared::cta;", "fence.proxy.async; st.shared.b16 [%rd8], %rs0;", "no fence.proxy.async between that and a barrier")]
    [InlineData("fence.proxy.async.shared::cta;", "setp.ne.u32 %p1, %r0, 70; @%p1 fence.proxy.async;", "thread 70 wrote with no fence.proxy.async")]
    [InlineData("bar.sync 0;", "", "no barrier between")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "", "ended before its products")]
    [InlineData("wgmma.commit_group.sync.aligned;", "", "ended before its products")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "mov.f32 s2, 0f00000000; wgmma.wait_group.sync.aligned 0;", "wrote sum 2")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "st.shared.b16 [%rd8], %rs0; wgmma.wait_group.sync.aligned 0;", "while a product of a warpgroup may still read it")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "cp.async.ca.shared.global [%rd10], [%rd0], 16; wgmma.wait_group.sync.aligned 0;", "while a product of a warpgroup may still read it")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "wgmma.wait_group.sync.aligned 1; bar.sync 0; st.shared.b16 [%rd8], %rs0;", "while a product of a warpgroup may still read it")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "wgmma.wait_group.sync.aligned 0; st.shared.b16 [%rd8], %rs0;", "shared memory")]
    [InlineData("PRODUCTS", "setp.ge.u32 %p1, %r0, 96; @%p1 bra Past; PRODUCTS Past:", "began 0 products, another of its warpgroup 1")]
    [InlineData("PRODUCTS", "setp.lt.u32 %p1, %r0, 32; @%p1 add.u64 %rd9, %rd9, 2; PRODUCTS", "another warp of the warpgroup began")]
    [InlineData("PRODUCTS", "setp.eq.u32 %p1, %r0, 5; @%p1 add.u64 %rd9, %rd9, 2; PRODUCTS", "the matrices of lane 5 are others than lane 0's")]
    [InlineData("PRODUCTS", "setp.eq.u32 %p1, %r0, 5; @%p1 bra Past; PRODUCTS Past:", "a warp cannot meet")]
    [InlineData("PRODUCTS", "mov.b64 %rd11, 0x2000000000000; or.b64 %rd9, %rd9, %rd11; PRODUCTS", "a base offset is not modelled")]
    public void Faults_AreRefused(string what, string instead, string expected)
    {
        Assert.Contains(what, Multiplication, StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(() => Ones(Multiplication.Replace(what, instead)));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HalfAWarpgroup_IsRefused()
    {
        var exception = Assert.Throws<PtxException>(() => new Snippet().Run("wgmma.fence.sync.aligned;", threads: 64));
        Assert.Contains("not made of whole warpgroups", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TransposedFirstMatrix_IsRefused()
    {
        var exception = Assert.Throws<PtxException>(() => Ones(Multiplication, transposesA: 1));
        Assert.Contains("transposed", exception.Message, StringComparison.Ordinal);
    }

    private const string Store = "mad.wide.u32 %rd12, %r0, 16, %rd1; st.global.v4.f32 [%rd12], {s0, s1, s2, s3};";

    // Sums of three + products of ones, eight columns and sixteen deep. The address of the thread's first own number is in %rd8,
    // that of the first matrix in %rd10, descriptors in %rd9 and %rd13.
    private static float[] Ones(
        string multiplication, string adds = "%p8", int signOfA = 1, int transposesA = 0, bool stores = true)
    {
        const int Piece = 16;
        var snippet = new Snippet();
        snippet.Buffer(new int[4]);
        float[] found = snippet.Buffer(new float[Threads * 4]);
        const int Stride = 2 * 8 * Piece;
        string product = $"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {{s0, s1, s2, s3}}, %rd9, %rd13, {adds}, {signOfA}, 1, {transposesA}, 0;";
        snippet.Run(
            $"""
            .reg .f32 s<4>;
            mov.f32 s0, 0f40400000; mov.f32 s1, s0; mov.f32 s2, s0; mov.f32 s3, s0;
            setp.eq.u32 %p8, 0, 0;
            setp.ne.u32 %p9, 0, 0;
            mov.b64 %rd10, shared;
            mad.wide.u32 %rd8, %r0, 2, %rd10;
            mov.b16 %rs0, {BFloat16.Encode(1)};
            {string.Concat(Enumerable.Range(0, (Rows + 8) * 16 / Threads).Select(i => $"st.shared.b16 [%rd8+{i * 2 * Threads}], %rs0;"))}
            mov.b64 %rd9, {Descriptor(0, 8 * Piece, Stride, 16)};
            mov.b64 %rd13, {Descriptor(Rows * 16 * sizeof(ushort), 8 * Piece, Stride, 16)};
            {multiplication.Replace("PRODUCTS", product)}
            {(stores ? Store : "")}
            """, Threads);
        return found;
    }

    // Rows of matrices are of 'depth' elements, of which shared memory's have rowBytes.
    private static float[] Run(string type, int columns, int rowBytes, ushort[] a, ushort[] b, float[] c)
    {
        int registers = columns / 2;
        int depth = a.Length / Rows;
        ushort[] image = [.. Image(a, depth, rowBytes), .. Image(b, depth, rowBytes)];
        var fragments = new float[Threads * registers];
        for (int thread = 0; thread < Threads; thread++)
        {
            for (int i = 0; i < registers; i++)
            {
                fragments[(thread * registers) + i] = c[ElementOfSums(thread, i, columns)];
            }
        }

        var snippet = new Snippet();
        snippet.Buffer(image);
        snippet.Buffer(fragments);
        string names = string.Join(", ", Enumerable.Range(0, registers).Select(i => $"s{i}"));
        // With a width of 16 bytes columns are in pieces of eight, eight rows of each together; the two pieces of eight rows are
        // neighbours.
        (int nextPiece, int nextRows) = rowBytes == 16 ? (128, 256) : (0, 8 * rowBytes);
        string products = string.Join('\n', Enumerable.Range(0, depth / 16).Select(step => $"""
            mov.b64 %rd8, {Descriptor(step * 32, nextPiece, nextRows, rowBytes)};
            mov.b64 %rd9, {Descriptor((a.Length * sizeof(ushort)) + (step * 32), nextPiece, nextRows, rowBytes)};
            wgmma.mma_async.sync.aligned.m64n{columns}k16.f32.{type}.{type} {"{"}{names}{"}"}, %rd8, %rd9, %p1, 1, 1, 0, 0;
            """));
        snippet.Run(
            $"""
            .reg .f32 s<{registers}>;
            mov.b64 %rd8, shared;
            mad.wide.u32 %rd9, %r0, 4, %rd0;
            mad.wide.u32 %rd10, %r0, 4, %rd8;
            {string.Concat(Enumerable.Range(0, image.Length / 2 / Threads).Select(i => $"ld.global.b32 %r1, [%rd9+{i * 4 * Threads}]; st.shared.b32 [%rd10+{i * 4 * Threads}], %r1;"))}
            mad.wide.u32 %rd11, %r0, {registers * sizeof(float)}, %rd1;
            {string.Concat(Enumerable.Range(0, registers).Select(i => $"ld.global.f32 s{i}, [%rd11+{i * sizeof(float)}];"))}
            setp.eq.u32 %p1, 0, 0;
            {Multiplication.Replace("PRODUCTS", products)}
            {string.Concat(Enumerable.Range(0, registers).Select(i => $"st.global.f32 [%rd11+{i * sizeof(float)}], s{i};"))}
            """, Threads, isOnce: true, sharedBytes: image.Length * sizeof(ushort));
        var found = new float[Rows * columns];
        for (int thread = 0; thread < Threads; thread++)
        {
            for (int i = 0; i < registers; i++)
            {
                found[ElementOfSums(thread, i, columns)] = fragments[(thread * registers) + i];
            }
        }

        return found;
    }

    // Row and column of a thread's register, by the ISA's figure of the sums of wgmma m64nNk16.
    private static int ElementOfSums(int thread, int i, int columns)
    {
        int row = (16 * (thread / 32)) + (thread % 32 / 4) + (i % 4 < 2 ? 0 : 8);
        return (row * columns) + (i / 4 * 8) + (thread % 4 * 2) + (i % 2);
    }

    // Shared memory, from where eight rows begin. Pieces of eight elements change places within rows of 32, 64 or 128 bytes,
    // depending on their row.
    private static ushort[] Image(ushort[] matrix, int depth, int rowBytes)
    {
        var image = new ushort[matrix.Length];
        int width = rowBytes / sizeof(ushort);
        for (int at = 0; at < matrix.Length; at++)
        {
            var (row, k) = (at / depth, at % depth);
            int piece = k / 8;
            int to = rowBytes switch
            {
                16 => (row / 8 * 128) + (piece * 64) + (row % 8 * 8),
                32 => (row * width) + ((piece ^ (row / 4 % 2)) * 8),
                64 => (row * width) + ((piece ^ (row / 2 % 4)) * 8),
                _ => (row * width) + ((piece ^ (row % 8)) * 8),
            };
            image[to + (k % 8)] = matrix[at];
        }

        return image;
    }

    private static ulong Descriptor(int address, int nextPiece, int nextRows, int rowBytes)
    {
        ulong mode = rowBytes switch { 16 => 0, 32 => 3, 64 => 2, _ => 1 };
        return ((ulong)address / 16) | ((ulong)nextPiece / 16 << 16) | ((ulong)nextRows / 16 << 32) | (mode << 62);
    }
}
