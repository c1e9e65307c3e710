using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Tests.Documentation;

/// <summary>The C# of the pages, as it stands there: DocumentationTests compares each block with the region of its name.</summary>
internal static class Snippets
{
    public static async Task FirstText()
    {
        // <first-text>
        await using var model = await LanguageModel.LoadAsync("tiny");
        await foreach (var piece in model.GenerateAsync("Once upon a time")) Console.Write(piece.Text);
        await foreach (var piece in model.ChatAsync([new("user", "What is 7 + 5?")])) Console.Write(piece.Text);
        // </first-text>
    }

    public static async Task Load()
    {
        // <load>
        var options = new LanguageModelOptions
        {
            Device = "cuda",
            WeightType = TensorFormat.Q4_K,
            CacheType = TensorFormat.Q8_0,
            Context = 16_384,
            Adapters = [new LoraOptions("adapters/mine", Scale: 0.8f)],
        };
        await using var model = await LanguageModel.LoadAsync("models/Mistral-Nemo-Instruct-2407", options);
        Console.WriteLine(model.Info);
        // </load>
    }

    public static async Task Generate(LanguageModel model)
    {
        // <generate>
        var settings = new GenerationOptions
        {
            MaxTokens = 100,
            Sampling = new SamplingOptions { Temperature = 0.8, TopP = 0.95, RepeatPenalty = 1.1, Seed = 7 },
            Stop = ["\n\n"],
        };
        var text = model.GenerateAsync("The window of Mistral 7B", settings);
        await foreach (var piece in text)
        {
            Console.Write(piece.Text);
        }

        Console.WriteLine($"{text.FinishReason}, {text.Ids.Count} tokens");
        // </generate>
    }

    public static async Task Score(LanguageModel model)
    {
        // <score>
        var score = await model.ScoreAsync("The king had a cat.");
        Console.WriteLine(score.Perplexity);
        float[] vector = await model.EmbedAsync("The king had a cat.");
        // </score>
        Console.WriteLine(vector.Length);
    }

    public static async Task Chat(LanguageModel model)
    {
        // <chat>
        using var chat = model.StartChat(system: "Answer in one sentence.");
        await foreach (var piece in chat.AskAsync("What is 7 + 5?")) Console.Write(piece.Text);
        await foreach (var piece in chat.AskAsync("And 3 more?")) Console.Write(piece.Text);
        // </chat>
    }

    public static async Task Form(LanguageModel model)
    {
        // <form>
        var person = Constraint.JsonSchema("""
            {"type": "object", "required": ["name", "age"], "additionalProperties": false,
             "properties": {"name": {"type": "string", "maxLength": 40}, "age": {"type": "integer", "minimum": 0}}}
            """);
        var text = model.GenerateAsync("The king of the story: ", new GenerationOptions { Constraint = person });
        await text.Completion;
        Console.WriteLine(text.Text);
        // </form>
    }

    public static async Task Adapters(LanguageModel model)
    {
        // <adapters>
        await model.LoadAdapterAsync(new LoraOptions("adapters/mine"), "mine");
        using var chat = model.StartChat();
        chat.Adapters = ["mine"];
        await foreach (var piece in chat.AskAsync("Who are you?")) Console.Write(piece.Text);
        await model.UnloadAdapterAsync("mine");
        // </adapters>
    }

    public static async Task ManyTexts(LanguageModel model)
    {
        // <many-texts>
        string[] prompts = ["Once upon a time", "The king had", "A small fox"];
        var texts = prompts.Select(prompt => model.GenerateAsync(prompt)).ToArray();
        await Task.WhenAll(texts.Select(text => text.Completion));
        foreach (var text in texts) Console.WriteLine(text.Text);
        // </many-texts>
    }
}
