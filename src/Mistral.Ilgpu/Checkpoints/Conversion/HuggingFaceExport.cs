using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Writes a checkpoint as a folder in Hugging Face's layout.</summary>
internal static class HuggingFaceExport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    // Files that are copied as they are: other software reads them, too.
    private static readonly string[] KeptFiles =
        [
            "tokenizer.model", "tekken.json", "tokenizer.json", "tokenizer_config.json",
            "special_tokens_map.json", "generation_config.json"
        ];

    public static void Write(Checkpoint checkpoint, string folder, TensorFormat? type, TensorCopy copy)
    {
        if (type?.IsQuantized() == true)
        {
            throw new ArgumentException(
                $"safetensors do not hold {type.Value.ShortName()}, expected f32, f16 or bf16", nameof(type));
        }

        Directory.CreateDirectory(folder);
        WriteTensors(checkpoint, Path.Combine(folder, HuggingFaceFolder.SingleFile), type, copy);
        File.WriteAllText(
            Path.Combine(folder, HuggingFaceFolder.ConfigFile), Config(checkpoint, type).ToJsonString(Indented) + "\n");
        foreach (string name in KeptFiles)
        {
            if (checkpoint.ReadFile(name) is { } bytes)
            {
                File.WriteAllBytes(Path.Combine(folder, name), bytes);
            }
        }

        if (!Array.Exists(KeptFiles[..3], name => File.Exists(Path.Combine(folder, name))))
        {
            WriteTokenizer(checkpoint, folder);
        }
    }

    private static TensorFormat FormatOf(CheckpointTensor tensor, TensorFormat? type) =>
        type is { } wanted && wanted.HasScale() && tensor.Rows == 1 ? TensorFormat.BFloat16
        : type is null && tensor.Format.IsQuantized() ? TensorFormat.Float16
        : tensor.FormatAs(type);

    private static void WriteTensors(Checkpoint checkpoint, string path, TensorFormat? type, TensorCopy copy)
    {
        var tensors = TensorNames.HuggingFace(checkpoint.Config)
            .Select(expected => (Expected: expected, Stored: checkpoint.Tensors[expected.Name])).ToList();
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long at = 0;
        foreach (var (expected, stored) in tensors)
        {
            var format = FormatOf(stored, type);
            Add(
                expected.SourceName, format,
                expected.Rows == 1 ? new JsonArray(expected.Columns) : new JsonArray(expected.Rows, expected.Columns),
                (long)expected.Rows * expected.Columns);
            if (format.HasScale())
            {
                Add(TensorScales.NameFor(expected.SourceName), TensorFormat.Float32, [], 1);
            }
        }

        using var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        SafetensorsFile.WriteHeader(output, header);
        foreach (var (expected, stored) in tensors)
        {
            var format = FormatOf(stored, type);
            copy.Write(output, stored, format, expected.SplitHeadDim);
            if (format.HasScale())
            {
                output.Write(BitConverter.GetBytes(stored.ScaleAs(format)));
            }
        }

        output.Flush(flushToDisk: true);

        void Add(string name, TensorFormat format, JsonArray shape, long elements)
        {
            long end = at + format.BytesOf(elements);
            header[name] = new JsonObject
            {
                ["dtype"] = format.StoredName(), ["shape"] = shape, ["data_offsets"] = new JsonArray(at, end),
            };
            at = end;
        }
    }

    private static JsonObject Config(Checkpoint checkpoint, TensorFormat? type)
    {
        var config = checkpoint.Config;
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("MistralForCausalLM"),
            ["model_type"] = "mistral",
            ["vocab_size"] = config.VocabularySize,
            ["hidden_size"] = config.Dim,
            ["num_hidden_layers"] = config.LayerCount,
            ["num_attention_heads"] = config.HeadCount,
            ["num_key_value_heads"] = config.KvHeadCount,
            ["head_dim"] = config.HeadDim,
            ["intermediate_size"] = config.FeedForwardDim,
            ["hidden_act"] = "silu",
            ["rms_norm_eps"] = HuggingFaceRopeExport.Number(config.NormEpsilon),
            ["max_position_embeddings"] = config.MaxPositions,
            ["sliding_window"] = config.SlidingWindow,
            ["tie_word_embeddings"] = config.TiedEmbeddings,
            ["bos_token_id"] = checkpoint.Tokenizer.BosId,
            ["eos_token_id"] = config.EosIds.Length == 1
                ? config.EosIds[0]
                : new JsonArray([.. config.EosIds.Select(id => JsonValue.Create(id))]),
            ["torch_dtype"] = FormatOf(checkpoint.Tensors[TensorNames.Query(0)], type) switch
            {
                TensorFormat.Float32 => "float32",
                TensorFormat.Float16 => "float16",
                _ => "bfloat16",
            },
            ["use_cache"] = true,
        };
        if (checkpoint.Tensors.Values.Any(tensor => FormatOf(tensor, type).HasScale()))
        {
            json[HuggingFaceQuantization.Field] = HuggingFaceQuantization.Write("lm_head");
        }

        HuggingFaceRopeExport.Write(config, json, checkpoint.Name);
        if (config.QueryScaling is not null)
        {
            json["architectures"] = new JsonArray("Ministral3ForCausalLM");
            json["model_type"] = HuggingFaceDefaults.Ministral3;
        }

        if (!config.LayerWindows.IsEmpty)
        {
            var windows = Enumerable.Range(0, config.LayerCount).Select(config.WindowOf).ToList();
            if (windows.OfType<int>().Distinct().Count() > 1)
            {
                throw new ModelFileException(
                    checkpoint.Name, "found layers with different windows, expected one window: config.json has room for one");
            }

            if (config.QueryScaling is not null)
            {
                throw new ModelFileException(
                    checkpoint.Name,
                    "found layers with different windows and scaled queries, expected one: transformers has no such model");
            }

            json["model_type"] = HuggingFaceDefaults.Ministral;
            json["architectures"] = new JsonArray("MinistralForCausalLM");
            json["sliding_window"] = windows.OfType<int>().FirstOrDefault();
            json["layer_types"] = new JsonArray(
                [.. windows.Select(window => JsonValue.Create(window is null ? "full_attention" : "sliding_attention"))]);
        }

        return json;
    }

    private static void WriteTokenizer(Checkpoint checkpoint, string folder)
    {
        var tokenizer = checkpoint.Tokenizer;
        if (tokenizer is ByteLevelBpe bytes)
        {
            File.WriteAllBytes(Path.Combine(folder, "tekken.json"), Tekken.Save(bytes, checkpoint.Name));
            return;
        }

        var pieces = (SentencePieceBpe)tokenizer;
        using (var file = File.Create(Path.Combine(folder, "tokenizer.model")))
        {
            pieces.Save(file);
        }

        var json = new JsonObject
        {
            ["tokenizer_class"] = "LlamaTokenizer",
            ["add_bos_token"] = true,
            ["add_eos_token"] = false,
            ["legacy"] = false,
        };
        foreach (var (name, id) in
            new[] { ("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("unk_token", pieces.UnknownId) })
        {
            if (id >= 0)
            {
                json[name] = tokenizer.IdToPiece(id);
            }
        }

        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), json.ToJsonString(Indented) + "\n");
    }
}
