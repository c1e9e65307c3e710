using System.Diagnostics;
using System.Text;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Changed bytes in the small files of a model are read or refused in one line, soon and within their memory.</summary>
public sealed class SmallReadersFuzzTests
{
    private const string HuggingFaceTokenizerJson = """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}],
        "normalizer": {"type": "Prepend", "prepend": "▁"}, "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": false,
        "vocab": {"<unk>": 0, "<s>": 1, "▁": 2, "a": 3, "b": 4, "▁a": 5, "ab": 6}, "merges": ["▁ a", ["a", "b"]]}}
        """;

    private const string ParamsJson = """
        {"dim": 64, "n_layers": 4, "head_dim": 16, "hidden_dim": 128, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-05, "vocab_size": 300,
        "_sliding_window": [null, 8], "rope_theta": 10000.0}
        """;

    private const string ConfigJson = """
        {"model_type": "ministral", "vocab_size": 300, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 128, "rms_norm_eps": 1e-5, "sliding_window": 8,
        "layer_types": ["full_attention", "sliding_attention"], "eos_token_id": [2, 3]}
        """;

    [Fact]
    public void TokenizerJson_BytesChanged_IsReadOrRefused() =>
        Fuzz(HuggingFaceTokenizerJson, bytes => TokenizerFile.Load(bytes, "tokenizer.json", null).EncodeToIds("a b ab"));

    [Fact]
    public void ParamsJson_BytesChanged_IsReadOrRefused() => Fuzz(ParamsJson, bytes => MistralParams.Read(bytes, "params.json"));

    [Fact]
    public void ConfigJson_BytesChanged_IsReadOrRefused() => Fuzz(ConfigJson, bytes => HuggingFaceConfig.Read(bytes, "config.json"));

    [Fact]
    public void Adapter_BytesChanged_IsReadOrRefused()
    {
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(1).Write(folder.File("model"));
        using var checkpoint = Checkpoint.Open(folder.File("model"));
        RandomCheckpoint.WriteSafetensors(folder.File("lora.safetensors"), new Dictionary<string, (string, long[], byte[])>
        {
            ["layers.0.attention.wq.lora_A.weight"] = ("F32", [2, 24], new byte[2 * 24 * 4]),
            ["layers.0.attention.wq.lora_B.weight"] = ("F32", [32, 2], new byte[32 * 2 * 4]),
        });
        byte[] whole = File.ReadAllBytes(folder.File("lora.safetensors"));
        Fuzz(whole, 250, bytes =>
        {
            File.WriteAllBytes(folder.File("lora.safetensors"), bytes);
            LoraAdapter.Open(folder.Path, checkpoint.Config).Dispose();
        });
    }

    private static void Fuzz(string text, Action<byte[]> read)
    {
        byte[] whole = Encoding.UTF8.GetBytes(text);
        read(whole);
        Fuzz(whole, whole.Length, read);
    }

    /// <param name="length">Bytes at the start that are changed.</param>
    private static void Fuzz(byte[] whole, int length, Action<byte[]> read)
    {
        var clock = Stopwatch.StartNew();
        Seeded.Run(3000, random =>
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(3))
            {
                return;
            }

            byte[] changed = random.Next(5) == 0 ? whole[..random.Next(1, whole.Length)] : [.. whole];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                // Digits and punctuation keep the syntax whole more often.
                changed[random.Next(Math.Min(length, changed.Length))] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"0123456789,:[]{}\"-e."[random.Next(20)];
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(changed);
            }
            catch (ModelFileException exception)
            {
                Assert.DoesNotContain('\n', exception.Message);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L << 20);
        });
    }
}
