using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Extensions.AI;

namespace Mistral.Ilgpu.Server.Loading;

/// <summary>The models of a server, the first of which is meant by requests that name none.</summary>
internal sealed record NamedModels(IReadOnlyList<NamedModel> All)
{
    /// <summary>Those of the options; with none there, the one among the services.</summary>
    public static NamedModels Of(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<MistralServerOptions>>().Value;
        if (options.Models.Count > 0)
        {
            var logger = services.GetRequiredService<ILogger<LanguageModel>>();
            return new NamedModels([.. options.Models.Select(model => Of(model, logger))]);
        }

        var pooling = services.GetService<IOptions<MistralOptions>>()?.Value.EmbeddingPooling ?? default;
        return options.IdleUnload is null
            ? new NamedModels([NamedModel.Of(services.GetRequiredService<LanguageModel>(), pooling)])
            : throw new OptionsValidationException(
                Options.DefaultName, typeof(MistralServerOptions),
                [$"{MistralServerOptions.Section}:{nameof(options.IdleUnload)}: found '{options.IdleUnload}', expected nothing "
                    + $"without {nameof(options.Models)}, because the application's own model stays"]);
    }

    private static NamedModel Of(ServedModelOptions model, ILogger logger)
    {
        var options = model.ToLoad(logger.Warning);
        return NamedModel.Open(
            model.Name, model.Model, options.Model,
            (heldOn, cancellation) => LanguageModel.LoadAsync(
                model.Model, options with { HeldOn = heldOn }, progress: null, cancellation)) with
        {
            Pooling = model.EmbeddingPooling,
        };
    }
}
