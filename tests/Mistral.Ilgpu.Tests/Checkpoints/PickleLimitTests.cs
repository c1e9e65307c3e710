using System.IO.Compression;
using Mistral.Ilgpu.Checkpoints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Pickles of one instruction over and over, which take nothing in a packed file, stay within bounds when they are
/// read.</summary>
public sealed class PickleLimitTests
{
    public static TheoryData<string, byte[]> Instructions => new()
    {
        { "empty lists of items", "(u"u8.ToArray() },
        { "tuples in tuples", [0x85] },
        { "dictionaries", "}"u8.ToArray() },
        { "marks", "("u8.ToArray() },
        { "whole numbers", [0x8A, 0] },
        { "texts", [0x8C, 0] },
        { "kept values", [0x94] },
        { "references", [(byte)'h', 0] },
    };

    [Theory]
    [MemberData(nameof(Instructions))]
    public void Open_PickleOfOneInstruction_IsRefusedWithinItsMemory(string name, byte[] instruction)
    {
        foreach (int bytes in new[] { 3 << 20, 40 << 20 })
        {
            using var folder = new TemporaryFolder();
            byte[] repeated = new byte[bytes / instruction.Length * instruction.Length];
            for (int at = 0; at < repeated.Length; at += instruction.Length)
            {
                instruction.CopyTo(repeated, at);
            }

            new TorchWriter { Compression = CompressionLevel.Fastest }.Bytes(
                [0x80, 2, (byte)'}', (byte)'q', 0, .. repeated, (byte)'.'])
                .Save(folder.File("consolidated.00.pth"), []);
            File.WriteAllText(
                folder.File("params.json"),
                """{"dim": 64, "n_layers": 1, "hidden_dim": 128, "n_heads": 4, "norm_eps": 1e-5, "vocab_size": 300}""");
            long before = GC.GetAllocatedBytesForCurrentThread();
            string message = Assert.Throws<ModelFileException>(() => Checkpoint.Open(folder.Path)).Message;
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 256L << 20, name);
            Assert.DoesNotContain('\n', message);
        }
    }
}
