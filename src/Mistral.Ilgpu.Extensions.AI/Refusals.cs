using Microsoft.Extensions.AI;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>What options of chats and of embeddings have in common.</summary>
internal static class Refusals
{
    /// <summary>Refuses a request that is meant for another model.</summary>
    /// <param name="asked">The model that the request names; null for any.</param>
    /// <param name="options">The name of the options' type.</param>
    public static void RequireModel(string? asked, string model, string options)
    {
        if (asked is not null && asked != model)
        {
            throw new ArgumentException($"{options}.ModelId: found '{asked}', expected '{model}' or null");
        }
    }

    /// <summary>Refuses properties that have no meaning here.</summary>
    /// <param name="options">The name of the options' type.</param>
    public static void RequireNothing(AdditionalPropertiesDictionary? properties, string options)
    {
        if (properties is { Count: > 0 })
        {
            throw new NotSupportedException($"{options}.AdditionalProperties: found '{properties.Keys.First()}', expected none");
        }
    }
}
