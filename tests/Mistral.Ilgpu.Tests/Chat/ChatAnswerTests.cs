using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>Answers as they are read while they come.</summary>
public sealed class ChatAnswerTests
{
    [Fact]
    public async Task Text_ReadInsideACharacterOrAStopString_HasWhatIsCertain()
    {
        var tokenizer = HeldModel.Tokenizer;
        // Three bytes for each letter.
        int[] script = [.. tokenizer.EncodeToIds("กข").Skip(1), .. tokenizer.EncodeToIds("ab")];
        await using var held = new HeldModel(
            new FakeModel(tokenizer.VocabularySize) { Script = position => script[Math.Min(position - 1, script.Length - 1)] });
        List<string> read = [];
        ChatAnswer? answer = null;
        held.OnPass = _ => read.Add(answer!.Text);
        var text = await held.Hold(HeldModel.Request([1], script.Length, new GenerationOptions { Stop = ["b and more"] }));
        answer = new ChatAnswer(text, new ChatRequest([new("user", "Hi")], new ChatSettings()), tokenizer);
        held.GoOn();
        await answer.Completion;
        Assert.Equal(["", "ก", "กข"], read.Distinct().Take(3));
        Assert.All(read, now => Assert.StartsWith(now, answer.Text, StringComparison.Ordinal));
        Assert.EndsWith("b", answer.Text, StringComparison.Ordinal);
    }
}
