using Mistral.Ilgpu.Reference;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>A small model of random weights whose chat format has tools.</summary>
internal static class ToolCheckpoint
{
    /// <param name="version">Of the chat format, such as v13.</param>
    public static void Write(TemporaryFolder folder, string version)
    {
        var tokenizer = ChatTokenizers.TekkenJson(version);
        var checkpoint = new RandomCheckpoint(7);
        checkpoint.Config["vocab_size"] = ChatTokenizers.Load(tokenizer).VocabularySize;
        checkpoint.Config["sliding_window"] = 32;
        checkpoint.Write(folder.Path);
        File.WriteAllText(folder.File("tekken.json"), tokenizer.ToJsonString());
    }
}
