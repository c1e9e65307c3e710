using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Completions;
using Mistral.Ilgpu.Server.Embeddings;
using Mistral.Ilgpu.Server.Hosting;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Messages;
using Mistral.Ilgpu.Server.Models;
using Mistral.Ilgpu.Server.Responses;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server;

/// <summary>Adds a server of a model to an application's services.</summary>
public static class MistralServerServiceCollectionExtensions
{
    /// <summary>
    /// Adds what <see cref="MistralEndpointRouteBuilderExtensions.MapMistral"/> needs. Without
    /// <see cref="MistralServerOptions.Models"/> a model is added as <see cref="MistralServiceCollectionExtensions.AddMistral"/>
    /// does, unless the application has one.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the options after the section <c>MistralServer</c> of the configuration, if there is one,
    /// was read.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddMistralServer(
        this IServiceCollection services, Action<MistralServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (!services.Any(service => service.ServiceType == typeof(LanguageModel) || service.ServiceType == typeof(NamedModels)))
        {
            services.AddSingleton(LoadOnly);
            services.AddMistralServices();
        }

        var options = services.AddOptions<MistralServerOptions>().Configure<IServiceProvider>(Bind);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<MistralServerOptions>, MistralServerOptionsValidation>());
        options.ValidateOnStart();
        services.AddCors();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<CorsOptions>, AllowedOrigins>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(NamedModels.Of);
        services.TryAddSingleton<ModelResidence>();
        services.TryAddSingleton<ModelCatalog>();
        services.TryAddSingleton<ServerMetrics>();
        services.TryAddSingleton<ServerKeys>();
        services.TryAddSingleton<KeyLimits>();
        services.TryAddSingleton<ApiFilter>();
        services.TryAddSingleton<TextRunner>();
        services.TryAddSingleton<ChatCompletionEndpoint>();
        services.TryAddSingleton<CompletionEndpoint>();
        services.TryAddSingleton<EmbeddingEndpoint>();
        services.TryAddSingleton<ResponseEndpoint>();
        services.TryAddSingleton<MessagesEndpoint>();
        services.TryAddSingleton<ModelEndpoints>();
        services.TryAddSingleton<TokenEndpoints>();
        services.TryAddSingleton<AdapterEndpoints>();
        services.AddHostedService<ServerLifetime>();
        return services;
    }

    private static LanguageModel LoadOnly(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<MistralServerOptions>>().Value.Models.Count == 0
            ? MistralServiceCollectionExtensions.Load(provider)
            : throw new InvalidOperationException(
                $"{MistralServerOptions.Section}:{nameof(MistralServerOptions.Models)}: found models, which come and go, "
                + $"expected none where a {nameof(LanguageModel)} is asked of the services");

    // A key that is misspelt would be a default without a word.
    private static void Bind(MistralServerOptions options, IServiceProvider provider) => provider.GetService<IConfiguration>()?
        .GetSection(MistralServerOptions.Section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
}
