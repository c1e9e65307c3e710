using Mistral.Ilgpu.PtxMachine;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// The machine's <c>wgmma</c> with the first factor in registers and the second transposed, against whole matrices, and what it
/// refuses. The transposed factor lies in shared memory as the PTX ISA's figures have it.
/// </summary>
public sealed class WarpgroupFactorTests
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
    [InlineData("bf16", 32, 16, 16)]
    [InlineData("f16", 32, 32, 32)]
    [InlineData("bf16", 64, 64, 32)]
    [InlineData("f16", 128, 128, 64)]
    [InlineData("bf16", 64, 128, 16)]
    public void Product_OfRegistersAndTransposedMatrix_EqualsReference(string type, int columns, int rowBytes, int depth)
    {
        var data = new RandomData();
        ushort[] a = [.. data.Floats(Rows * depth).Select(Encode)];
        ushort[] b = [.. data.Floats(columns * depth).Select(Encode)];

        float[] found = Run(type, columns, rowBytes, a, b, Multiplication);

        var expected = new double[Rows * columns];
        for (int i = 0; i < expected.Length; i++)
        {
            var (row, column) = (i / columns, i % columns);
            expected[i] = Enumerable.Range(0, depth).Sum(
                k => (double)Decode(a[(row * depth) + k]) * Decode(b[(column * depth) + k]));
        }

        Closeness.AssertClose(expected, found);

        ushort Encode(float value) => type == "f16" ? Float16.Encode(value) : BFloat16.Encode(value);

        float Decode(ushort bits) => type == "f16" ? Float16.Decode(bits) : BFloat16.Decode(bits);
    }

    [Theory]
    [InlineData("wgmma.fence.sync.aligned;", "", "no wgmma.fence before it")]
    [InlineData("wgmma.fence.sync.aligned;", "wgmma.fence.sync.aligned; mov.b32 w1, 0;", "wrote register 1 of the first factor after the wgmma.fence")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "mov.b32 w2, 0; wgmma.wait_group.sync.aligned 0;", "wrote register 2 of the first factor")]
    [InlineData("wgmma.wait_group.sync.aligned 0;", "", "ended before its products")]
    [InlineData("fence.proxy.async.shared::cta;", "", "no fence.proxy.async between that and a barrier")]
    [InlineData("PRODUCTS", "setp.eq.u32 %p2, %r0, 5; @%p2 add.u64 %rd9, %rd9, 2; PRODUCTS", "the matrices of lane 5 are others than lane 0's")]
    public void Faults_AreRefused(string what, string instead, string expected)
    {
        Assert.Contains(what, Multiplication, StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(
            () => Run("bf16", 8, 16, Ones(Rows * 16), Ones(8 * 16), Multiplication.Replace(what, instead)));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private static ushort[] Ones(int count) => [.. Enumerable.Repeat(BFloat16.Encode(1), count)];

    private static float[] Run(string type, int columns, int rowBytes, ushort[] a, ushort[] b, string multiplication)
    {
        int depth = a.Length / Rows;
        int steps = depth / 16;
        int registers = columns / 2;
        var factors = new uint[Threads * 4 * steps];
        for (int i = 0; i < factors.Length; i++)
        {
            var (thread, step, index) = (i / (4 * steps), i / 4 % steps, i % 4);
            int row = (16 * (thread / 32)) + (thread % 32 / 4) + (8 * (index % 2));
            int at = (row * depth) + (16 * step) + (2 * (thread % 4)) + (8 * (index / 2));
            factors[i] = a[at] | ((uint)a[at + 1] << 16);
        }

        var snippet = new Snippet(90);
        ushort[] image = Image(b, columns, depth, rowBytes);
        snippet.Buffer(image);
        snippet.Buffer(factors);
        float[] found = snippet.Buffer(new float[Threads * registers]);
        string sums = string.Join(", ", Enumerable.Range(0, registers).Select(i => $"s{i}"));
        int width = rowBytes / sizeof(ushort);
        // Bytes to the next pattern's columns, and to the next eight k.
        var (across, down) = rowBytes == 16 ? (columns * 16, 128) : (depth * rowBytes, 8 * rowBytes);
        string products = string.Join('\n', Enumerable.Range(0, steps).Select(step => $"""
            mov.b64 %rd9, {Descriptor(step * 16 / 8 * (rowBytes == 16 ? across : down), across, down, rowBytes)};
            wgmma.mma_async.sync.aligned.m64n{columns}k16.f32.{type}.{type} {"{"}{sums}{"}"}, {"{"}w{4 * step}, w{(4 * step) + 1}, w{(4 * step) + 2}, w{(4 * step) + 3}{"}"}, %rd9, %p1, 1, 1, 1;
            """));
        // A thread's own lines come first, so that those of the tests may change its descriptor.
        string first = products[..(products.IndexOf('\n', StringComparison.Ordinal) + 1)];
        snippet.Run(
            $"""
            .reg .f32 s<{registers}>;
            .reg .b32 w<{4 * steps}>;
            mov.b64 %rd8, shared;
            mad.wide.u32 %rd10, %r0, 2, %rd8;
            mad.wide.u32 %rd11, %r0, 2, %rd0;
            {string.Concat(Enumerable.Range(0, image.Length / Threads).Select(i => $"ld.global.b16 %rs1, [%rd11+{i * 2 * Threads}]; st.shared.b16 [%rd10+{i * 2 * Threads}], %rs1;"))}
            mad.wide.u32 %rd12, %r0, {16 * steps}, %rd1;
            {string.Concat(Enumerable.Range(0, steps).Select(i => $"ld.global.v4.b32 {{w{4 * i}, w{(4 * i) + 1}, w{(4 * i) + 2}, w{(4 * i) + 3}}}, [%rd12+{16 * i}];"))}
            {string.Concat(Enumerable.Range(0, registers).Select(i => $"mov.f32 s{i}, 0f00000000;"))}
            setp.eq.u32 %p1, 0, 0;
            {first}
            {multiplication.Replace("PRODUCTS", products[first.Length..])}
            mad.wide.u32 %rd13, %r0, {registers * sizeof(float)}, %rd2;
            {string.Concat(Enumerable.Range(0, registers).Select(i => $"st.global.f32 [%rd13+{i * sizeof(float)}], s{i};"))}
            """, Threads, isOnce: true, sharedBytes: image.Length * sizeof(ushort));
        var matrix = new float[Rows * columns];
        for (int i = 0; i < found.Length; i++)
        {
            var (thread, index) = (i / registers, i % registers);
            int row = (16 * (thread / 32)) + (thread % 32 / 4) + (index % 4 < 2 ? 0 : 8);
            matrix[(row * columns) + (index / 4 * 8) + (thread % 4 * 2) + (index % 2)] = found[i];
        }

        return matrix;
    }

    // Rows of k hold 'width' neighbouring columns, whose pieces change places; the next columns are behind all k. Without a
    // pattern, eight k of a piece of columns lie together, then those of the next piece, then the next eight k.
    private static ushort[] Image(ushort[] matrix, int columns, int depth, int rowBytes)
    {
        var image = new ushort[matrix.Length];
        int width = rowBytes / sizeof(ushort);
        for (int at = 0; at < matrix.Length; at++)
        {
            var (column, k) = (at / depth, at % depth);
            int piece = column % width / 8;
            int to = rowBytes switch
            {
                16 => (k / 8 * columns * 8) + (column / 8 * 64) + (k % 8 * 8),
                32 => (k * width) + ((piece ^ (k / 4 % 2)) * 8),
                64 => (k * width) + ((piece ^ (k / 2 % 4)) * 8),
                _ => (k * width) + ((piece ^ (k % 8)) * 8),
            };
            image[to + (rowBytes == 16 ? 0 : column / width * depth * width) + (column % 8)] = matrix[at];
        }

        return image;
    }

    private static ulong Descriptor(int address, int across, int down, int rowBytes)
    {
        ulong mode = rowBytes switch { 16 => 0, 32 => 3, 64 => 2, _ => 1 };
        return ((ulong)address / 16) | ((ulong)across / 16 << 16) | ((ulong)down / 16 << 32) | (mode << 62);
    }
}
