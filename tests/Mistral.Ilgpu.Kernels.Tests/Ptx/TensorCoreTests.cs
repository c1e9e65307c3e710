using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// The machine's <c>mma</c> against whole matrices. Fragments are filled and read by the formulas of the PTX ISA manual, section
/// "Matrix fragments for mma", written out here element by element.
/// </summary>
public sealed class TensorCoreTests
{
    private const int Rows = 16;
    private const int Columns = 8;

    [Theory]
    [InlineData("m16n8k8", "f16", 8)]
    [InlineData("m16n8k8", "bf16", 8)]
    [InlineData("m16n8k16", "f16", 16)]
    [InlineData("m16n8k16", "bf16", 16)]
    public void ProductOfHalves_OfWholeMatrices_EqualsReference(string shape, string type, int depth)
    {
        var data = new RandomData();
        ushort[] a = [.. data.Floats(Rows * depth).Select(Encode)];
        ushort[] b = [.. data.Floats(depth * Columns).Select(Encode)];
        float[] c = data.Floats(Rows * Columns);
        int perLane = Rows * depth / 32;
        var fragmentsA = new ushort[32 * perLane];
        var fragmentsB = new ushort[32 * (perLane / 2)];
        var fragmentsC = new float[32 * 4];
        for (int lane = 0; lane < 32; lane++)
        {
            int groupId = lane >> 2;
            int threadInGroup = lane % 4;
            for (int i = 0; i < perLane; i++)
            {
                int row = i is < 2 or (>= 4 and < 6) ? groupId : groupId + 8;
                int column = (threadInGroup * 2) + (i & 1) + (i < 4 ? 0 : 8);
                fragmentsA[(lane * perLane) + i] = a[(row * depth) + column];
            }

            for (int i = 0; i < perLane / 2; i++)
            {
                int row = (threadInGroup * 2) + (i & 1) + (i < 2 ? 0 : 8);
                fragmentsB[(lane * perLane / 2) + i] = b[(row * Columns) + groupId];
            }

            for (int i = 0; i < 4; i++)
            {
                fragmentsC[(lane * 4) + i] = c[ElementOfC(lane, i)];
            }
        }

        float[] found = Run($"{shape}.row.col.f32.{type}.{type}.f32", perLane / 2, fragmentsA, fragmentsB, fragmentsC);

        var expected = new double[Rows * Columns];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                double sum = c[(row * Columns) + column];
                for (int k = 0; k < depth; k++)
                {
                    sum += (double)Decode(a[(row * depth) + k]) * Decode(b[(k * Columns) + column]);
                }

                expected[(row * Columns) + column] = sum;
            }
        }

        Closeness.AssertClose(expected, found);

        ushort Encode(float value) => type == "f16" ? Float16.Encode(value) : BFloat16.Encode(value);

        float Decode(ushort bits) => type == "f16" ? Float16.Decode(bits) : BFloat16.Decode(bits);
    }

    [Theory]
    [InlineData("m16n8k16", "s8", "s8", 16)]
    [InlineData("m16n8k32", "s8", "s8", 32)]
    [InlineData("m16n8k32", "u8", "s8", 32)]
    public void ProductOfBytes_OfWholeMatrices_EqualsReference(string shape, string typeA, string typeB, int depth)
    {
        var random = new Random(5);
        var a = new byte[Rows * depth];
        var b = new byte[depth * Columns];
        random.NextBytes(a);
        random.NextBytes(b);
        int[] c = [.. Enumerable.Range(0, Rows * Columns).Select(_ => random.Next(-1000, 1000))];
        int perLane = Rows * depth / 32;
        var fragmentsA = new byte[32 * perLane];
        var fragmentsB = new byte[32 * (perLane / 2)];
        var fragmentsC = new int[32 * 4];
        for (int lane = 0; lane < 32; lane++)
        {
            int groupId = lane >> 2;
            int threadInGroup = lane % 4;
            for (int i = 0; i < perLane; i++)
            {
                int row = i is < 4 or (>= 8 and < 12) ? groupId : groupId + 8;
                int column = (threadInGroup * 4) + (i & 3) + (i < 8 ? 0 : 16);
                fragmentsA[(lane * perLane) + i] = a[(row * depth) + column];
            }

            for (int i = 0; i < perLane / 2; i++)
            {
                int row = (threadInGroup * 4) + (i & 3) + (i < 4 ? 0 : 16);
                fragmentsB[(lane * perLane / 2) + i] = b[(row * Columns) + groupId];
            }

            for (int i = 0; i < 4; i++)
            {
                fragmentsC[(lane * 4) + i] = c[ElementOfC(lane, i)];
            }
        }

        int[] found = Run($"{shape}.row.col.s32.{typeA}.{typeB}.s32", perLane / 4, fragmentsA, fragmentsB, fragmentsC);

        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                int sum = c[(row * Columns) + column];
                for (int k = 0; k < depth; k++)
                {
                    sum += Decode(typeA, a[(row * depth) + k]) * Decode(typeB, b[(k * Columns) + column]);
                }

                Assert.Equal(sum, found[(row * Columns) + column]);
            }
        }

        static int Decode(string type, byte value) => type == "s8" ? (sbyte)value : value;
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public void LoadMatrix_OfRowsInShared_GivesEachLaneItsPairs(int matrices, bool isTransposed)
    {
        var snippet = new Snippet();
        ushort[] stored = snippet.Buffer<ushort>([.. Enumerable.Range(0, matrices * 64).Select(i => (ushort)i)]);
        uint[] found = snippet.Buffer(new uint[32 * matrices]);
        string registers = string.Join(", ", Enumerable.Range(10, matrices).Select(i => $"%r{i}"));
        // Row i of matrix m at byte 16 × (8m + i); lane 8m + i gives its address, as 32 bits.
        snippet.Run($$"""
            setp.ge.u32 %p0, %r0, {{8 * matrices}};
            @%p0 bra COPIED;
            mul.lo.u32 %r1, %r0, 16;
            cvt.u64.u32 %rd2, %r1;
            add.u64 %rd3, %rd0, %rd2;
            ld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd3];
            mov.b64 %rd4, shared;
            add.u64 %rd4, %rd4, %rd2;
            st.shared.v4.b32 [%rd4], {%r2, %r3, %r4, %r5};
            COPIED:
            bar.sync 0;
            mov.b64 %rd4, shared;
            cvt.u32.u64 %r10, %rd4;
            and.b32 %r6, %r0, {{(8 * matrices) - 1}};
            mad.lo.u32 %r10, %r6, 16, %r10;
            ldmatrix.sync.aligned.m8n8.x{{matrices}}{{(isTransposed ? ".trans" : "")}}.shared.b16 {{{registers}}}, [%r10];
            mad.wide.u32 %rd5, %r0, {{4 * matrices}}, %rd1;
            {{string.Join("\n", Enumerable.Range(0, matrices).Select(i => $"st.global.b32 [%rd5+{4 * i}], %r{10 + i};"))}}
            """);
        for (int lane = 0; lane < 32; lane++)
        {
            for (int matrix = 0; matrix < matrices; matrix++)
            {
                int row = lane / 4;
                int column = lane % 4 * 2;
                ushort low = stored[(64 * matrix) + (isTransposed ? (column * 8) + row : (row * 8) + column)];
                ushort high = stored[(64 * matrix) + (isTransposed ? ((column + 1) * 8) + row : (row * 8) + column + 1)];
                Assert.Equal(low | ((uint)high << 16), found[(lane * matrices) + matrix]);
            }
        }
    }

    private static int ElementOfC(int lane, int i) => (((i < 2 ? 0 : 8) + (lane >> 2)) * Columns) + (lane % 4 * 2) + (i & 1);

    // Each lane loads its fragments, multiplies, and stores its own; the result is put back in the order of a matrix.
    private static TSum[] Run<T, TSum>(string variant, int registersA, T[] a, T[] b, TSum[] c)
        where T : unmanaged
        where TSum : unmanaged
    {
        var snippet = new Snippet();
        snippet.Buffer(a);
        snippet.Buffer(b);
        snippet.Buffer(c);
        TSum[] d = snippet.Buffer(new TSum[32 * 4]);
        int registersB = registersA / 2;
        snippet.Run($$"""
            mad.wide.u32 %rd4, %r0, {{4 * registersA}}, %rd0;
            mad.wide.u32 %rd5, %r0, {{4 * registersB}}, %rd1;
            mad.wide.u32 %rd6, %r0, 16, %rd2;
            mad.wide.u32 %rd7, %r0, 16, %rd3;
            {{string.Join("\n", Enumerable.Range(0, registersA).Select(i => $"ld.global.b32 %r{10 + i}, [%rd4+{4 * i}];"))}}
            {{string.Join("\n", Enumerable.Range(0, registersB).Select(i => $"ld.global.b32 %r{20 + i}, [%rd5+{4 * i}];"))}}
            ld.global.v4.b32 {%r30, %r31, %r32, %r33}, [%rd6];
            mma.sync.aligned.{{variant}} {%r30, %r31, %r32, %r33}, {{Braced(10, registersA)}}, {{Braced(20, registersB)}}, {%r30, %r31, %r32, %r33};
            st.global.v4.b32 [%rd7], {%r30, %r31, %r32, %r33};
            """);
        var matrix = new TSum[Rows * Columns];
        for (int index = 0; index < d.Length; index++)
        {
            matrix[ElementOfC(index / 4, index % 4)] = d[index];
        }

        return matrix;

        static string Braced(int first, int count) => $"{{{string.Join(", ", Enumerable.Range(first, count).Select(i => $"%r{i}"))}}}";
    }
}
