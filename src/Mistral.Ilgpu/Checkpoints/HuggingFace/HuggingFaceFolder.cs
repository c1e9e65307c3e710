using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>A folder in Hugging Face's layout: config.json, safetensors and a tokenizer.</summary>
internal static class HuggingFaceFolder
{
    public const string ConfigFile = "config.json";
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";

    public const string GenerationFile = "generation_config.json";

    public static ModelSource Open(ModelFiles files)
    {
        byte[] json = files.ReadRequired(ConfigFile);
        var config = HuggingFaceConfig.Read(
            json, files.PathOf(ConfigFile),
            files.Read(GenerationFile) is { } generation ? (generation, files.PathOf(GenerationFile)) : null);
        var expected = TensorNames.HuggingFace(config);
        var stored = OpenTensors(files).ToList();
        var tower = TextTower.Find(expected, stored);
        return new ModelSource(
            files.Name, files.Location, tower is null ? "Hugging Face" : $"Hugging Face, {TextTower.Alone}",
            config, tower?.Expected ?? expected, tower?.Stored ?? stored, () => FolderTokenizer.Load(files));
    }

    private static IEnumerable<StoredTensor> OpenTensors(ModelFiles files)
    {
        if (files.Read(IndexFile) is not { } index)
        {
            return SafetensorsFile.ReadHeader(files.Keep(SingleFile));
        }

        var (map, shardOf) = ReadIndex(index, files.PathOf(IndexFile));
        var found = shardOf.Values.Distinct().Order(StringComparer.Ordinal)
            .SelectMany(file => SafetensorsFile.ReadHeader(files.Keep(file))).ToList();
        var misplaced = shardOf.Keys.Except(found.Select(stored => stored.Name)).FirstOrDefault();
        return misplaced is null
            ? found
            : throw map.Error(misplaced, $"no such tensor in {shardOf[misplaced]}", "the file that holds it");
    }

    /// <summary>The files that an index of shards names.</summary>
    public static IEnumerable<string> Shards(byte[] index, string path) => ReadIndex(index, path).ShardOf.Values.Distinct();

    private static (JsonFields Map, Dictionary<string, string> ShardOf) ReadIndex(byte[] index, string path)
    {
        var map = JsonFields.Parse(index, path).Object("weight_map")
            ?? throw new ModelFileException(path, "weight_map: found nothing, expected the file of each tensor");
        var shardOf = map.All.ToDictionary(entry => entry.Key, entry => map.Text(entry.Key) ?? "");
        if (shardOf.FirstOrDefault(entry => entry.Value.Length == 0 || Path.GetFileName(entry.Value) != entry.Value)
            is { Key: { } tensor, Value: var shard })
        {
            throw map.Error(tensor, $"'{shard}'", "the name of a file in the same folder");
        }

        return (map, shardOf);
    }
}
