using System.ComponentModel;
using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Mistral.Ilgpu.Extensions.AI;

namespace Mistral.Ilgpu.Tests.Documentation;

/// <summary>The C# of the page of Mistral.Ilgpu.Extensions.AI, as it stands there.</summary>
internal static class ExtensionsSnippets
{
    public static async Task FirstAnswer()
    {
        // <first-answer>
        await using var model = await LanguageModel.LoadAsync("tiny");
        IChatClient client = model.AsChatClient();
        await foreach (var update in client.GetStreamingResponseAsync("What is 7 + 5?")) Console.Write(update);
        // </first-answer>
    }

    public static void Services(HostApplicationBuilder builder)
    {
        // <services>
        builder.Services.AddMistral();
        builder.Services.AddHealthChecks().AddMistral();
        // </services>
    }

    public static async Task Tools(LanguageModel model)
    {
        // <tools>
        [Description("Tells the weather of a city.")]
        static string Weather(string city) => $"sunny in {city}";

        IChatClient client = model.AsChatClient().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create(Weather)] };
        Console.WriteLine(await client.GetResponseAsync("How is the weather in Paris?", options));
        // </tools>
    }

    public static async Task Vectors(LanguageModel model)
    {
        // <vectors>
        IEmbeddingGenerator<string, Embedding<float>> generator = model.AsEmbeddingGenerator();
        var vectors = await generator.GenerateAsync(["The king had a cat.", "A small fox", "Once upon a time"]);
        float cosine = TensorPrimitives.Dot(vectors[0].Vector.Span, vectors[1].Vector.Span);
        // </vectors>
        Console.WriteLine(cosine);
    }
}
