using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Adds a model to a program's services.</summary>
public static class MistralServiceCollectionExtensions
{
    /// <summary>
    /// Adds one <see cref="LanguageModel"/>. Adds an <see cref="IChatClient"/> and an
    /// <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> on it, unless the program has its own. A host loads the model before
    /// it starts, lets running texts end before it stops, and frees the model with its services. Without a host the model is
    /// loaded when it is first asked for.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the options after the section <c>Mistral</c> of the configuration, if there is one, was
    /// read.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddMistral(this IServiceCollection services, Action<MistralOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddMistralServices(configure);
        services.AddHostedService<MistralHostedService>();
        return services;
    }

    /// <summary>As <see cref="AddMistral"/>, without what a host starts and stops.</summary>
    internal static void AddMistralServices(this IServiceCollection services, Action<MistralOptions>? configure = null)
    {
        var options = services.AddOptions<MistralOptions>().Configure<IServiceProvider>(Bind);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<MistralOptions>, MistralOptionsValidation>());
        services.TryAddSingleton(Load);
        services.TryAddSingleton(provider => provider.GetRequiredService<LanguageModel>().AsChatClient());
        services.TryAddSingleton(provider => provider.GetRequiredService<LanguageModel>().AsEmbeddingGenerator(
            provider.GetRequiredService<IOptions<MistralOptions>>().Value.EmbeddingPooling));
    }

    // The container makes services on the thread that asks, and makes each once. The load itself runs on other threads.
    internal static LanguageModel Load(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<MistralOptions>>().Value;
        var logger = provider.GetService<ILogger<LanguageModel>>() ?? NullLogger<LanguageModel>.Instance;
        var stopping = provider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default;
        var model = LanguageModel
            .LoadAsync(options.Model, options.ToLoad(warn: logger.Warning), progress: null, stopping)
            .GetAwaiter().GetResult();
        logger.Loaded(model.Info.Name, model.Info.DeviceName, model.Info.LoadTime);
        return model;
    }

    // A key that is misspelt would be a default without a word.
    private static void Bind(MistralOptions options, IServiceProvider provider) => provider.GetService<IConfiguration>()?
        .GetSection(MistralOptions.Section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
}
